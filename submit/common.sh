# Sourced by the launchers: where things are, building what is missing, and what the JVM needs. Bash 4 or newer.
# shellcheck shell=bash

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
# An unpacked maskroute-VERSION-bin.tar.gz has its jars in lib, and nothing to build.
packaged=false
if [ ! -f "$root/pom.xml" ]; then
  packaged=true
fi
classpath_file=$root/job/target/launch.classpath
# shellcheck disable=SC2034 # for the launchers
if "$packaged"; then
  application_jar=$(printf '%s\n' "$root"/cluster/maskroute-*-all.jar)
else
  application_jar=$root/job/target/maskroute-$(sed -n '0,/<version>/s|.*<version>\(.*\)</version>.*|\1|p' "$root/pom.xml")-all.jar
fi
build_stamp=$root/job/target/launch.stamp

say() {
  printf 'maskroute: %s\n' "$*" >&2
}

# Takes --dry-run off the front of the arguments: sets dry_run and args.
parse_dry_run() {
  dry_run=false
  if [ "${1:-}" = --dry-run ]; then
    dry_run=true
    shift
  fi
  # shellcheck disable=SC2034 # for the launchers
  args=("$@")
}

# Runs the given command in place of this script, or prints it, quoted for a shell.
run() {
  if "$dry_run"; then
    printf '%q ' "$@"
    printf '\n'
    exit 0
  fi
  exec "$@"
}

# Whether what the class path names of this project lies here: a tree that was moved or copied names its old place.
classpath_is_here() {
  local entries entry
  IFS=: read -r -a entries <"$classpath_file" || true # there is no line feed at its end
  for entry in ${entries[@]+"${entries[@]}"}; do
    case $entry in
    "$root"/*) ;;
    */core/target/* | */datasets/target/*) return 1 ;;
    esac
  done
}

# Whether every source is older than the last build, and that was made here.
is_built() {
  [ -f "$build_stamp" ] && [ -f "$classpath_file" ] && [ -f "$application_jar" ] && classpath_is_here &&
    [ -z "$(find "$root"/pom.xml "$root"/*/pom.xml "$root"/core/src/main "$root"/datasets/src/main \
      "$root"/job/src/main -newer "$build_stamp" -print -quit)" ]
}

build() {
  if "$packaged" || is_built; then
    return
  fi
  # Maven colours what goes into files, too, unless it is told not to.
  # What these scripts start is no tarball.
  local command=(mvn -q -B -Dstyle.color=never -f "$root/pom.xml" -DskipTests -Dassembly.skipAssembly=true package)
  if "$dry_run"; then
    printf '%q ' "${command[@]}"
    printf '\n'
    return
  fi
  if ! command -v mvn >/dev/null; then
    say "Maven 3.8 or newer is needed to build; install it and run this again"
    exit 3
  fi
  # Launchers that start at once would build into the same folders: one does, the others wait. In a subshell, so that what
  # runs later does not hold the lock.
  mkdir -p "$root/job/target" || exit 3
  (
    if command -v flock >/dev/null && ! flock -n 9; then
      say "waiting for another launcher, which is building"
      flock 9
    fi
    is_built || run_maven "${command[@]}"
  ) 9>"$root/job/target/launch.lock" || exit 3
}

run_maven() {
  say "building ($*); the first time takes some minutes and downloads what it needs"
  # Sources that change while Maven runs must look newer than this build.
  local started
  started=$(mktemp)
  if ! "$@"; then
    rm -f "$started"
    say "the build failed"
    return 1
  fi
  mv "$started" "$build_stamp"
}

# Large temporaries stay with the process: glibc's defaults return them to the system after every operator.
export GLIBC_TUNABLES=${GLIBC_TUNABLES:-glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456}

# Threads of PyTorch that wait for one another yield the core: spinning, they slow whatever else runs, and themselves.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

# The JVM takes file names to be in the locale's encoding. Cron's is ASCII, in which a folder "ü" cannot be named.
if [ "$(locale charmap 2>/dev/null)" != UTF-8 ] && [ "$(LC_ALL=C.UTF-8 locale charmap 2>/dev/null)" = UTF-8 ]; then
  export LC_ALL=C.UTF-8
fi

# For the progress line: how wide standard error is, if it is a terminal.
unset MASKROUTE_TERMINAL
if [ -t 2 ]; then
  read -r _ MASKROUTE_TERMINAL < <(stty size <&2 2>/dev/null || echo 24 80)
  export MASKROUTE_TERMINAL
fi

# Whether the name of this machine has an address, which Spark asks for before it reads any setting, or the environment names one.
name_resolves() {
  [ -n "${SPARK_LOCAL_HOSTNAME:-}${SPARK_LOCAL_IP:-}" ] || ! command -v getent >/dev/null ||
    getent hosts "$(uname -n)" >/dev/null
}

# Sets classpath to what the JVM is started with.
find_classpath() {
  local jars=
  if "$packaged"; then
    read -r jars <"$root/lib/classpath" || true # there is no line feed at its end
    classpath=$(printf '%s' "$root"/lib/job-*.jar):$root/${jars//:/":$root/"}
    return
  fi
  classpath=$root/job/target/classes
  if [ -f "$classpath_file" ]; then
    # shellcheck disable=SC2034 # for the launchers
    classpath=$classpath:$(cat "$classpath_file")
  fi
}

# Sets work_options to what makes the JVM write below one folder whatever it writes outside of outputs: libraries that are unpacked,
# temporary files, Spark's, and models that are fetched. It is MASKROUTE_WORK_DIR, or one in the temporary folder for a user
# without a home; else every program has its own usual places (~/.djl.ai, the temporary folder).
find_work_dir() {
  local work=${MASKROUTE_WORK_DIR:-}
  work_options=()
  if [ -z "$work" ]; then
    if [ -n "${HOME:-}" ] && [ -w "$HOME" ]; then
      return
    fi
    work=${TMPDIR:-/tmp}/maskroute-$(id -u)
  fi
  if "$dry_run"; then
    :
  elif ! (umask 077 && mkdir -p "$work/tmp") || [ ! -O "$work" ] || [ ! -w "$work" ]; then
    say "$work cannot be used for temporary files: set MASKROUTE_WORK_DIR to a folder of yours"
    exit 1
  fi
  export DJL_CACHE_DIR=${DJL_CACHE_DIR:-$work/djl}
  # shellcheck disable=SC2034 # for the launchers
  work_options=("-Djava.io.tmpdir=$work/tmp" "-Djna.tmpdir=$work/tmp")
}

# Sets java to the JVM's program.
find_java() {
  if [ -n "${JAVA_HOME:-}" ]; then
    java=$JAVA_HOME/bin/java
    if [ ! -x "$java" ]; then
      say "JAVA_HOME is $JAVA_HOME, but there is no bin/java in it; it must name a Java 17 or 21"
      exit 3
    fi
  elif ! java=$(command -v java); then
    say "no Java found: set JAVA_HOME to a Java 17 or 21, or put java on the PATH"
    exit 3
  fi
  local version
  version=$("$java" -version 2>&1 | sed -n '/ version "/{s/.* version "\([0-9]*\).*/\1/p;q;}')
  if [ -n "$version" ] && { [ "$version" -lt 17 ] || [ "$version" -gt 22 ]; }; then
    say "$java is Java $version, with which Spark 4.0 cannot work: set JAVA_HOME to a Java 17 or 21"
    exit 3
  fi
}
