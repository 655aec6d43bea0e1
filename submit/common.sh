# Sourced by the launchers: where things are, building what is missing, and what the JVM needs. Bash 4 or newer.
# shellcheck shell=bash

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
classpath_file=$root/job/target/launch.classpath
# shellcheck disable=SC2034 # for the launchers
application_jar=$root/job/target/maskroute-$(sed -n '0,/<version>/s|.*<version>\(.*\)</version>.*|\1|p' "$root/pom.xml")-all.jar
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
  if is_built; then
    return
  fi
  # Maven colours what goes into files, too, unless it is told not to.
  local command=(mvn -q -B -Dstyle.color=never -f "$root/pom.xml" -DskipTests package)
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

# Sets java to the JVM's program.
find_java() {
  if [ -n "${JAVA_HOME:-}" ]; then
    java=$JAVA_HOME/bin/java
    if [ ! -x "$java" ]; then
      say "JAVA_HOME is $JAVA_HOME, but there is no bin/java in it; it must name a JDK 17"
      exit 3
    fi
  elif ! java=$(command -v java); then
    say "no Java found: set JAVA_HOME to a JDK 17, or put java on the PATH"
    exit 3
  fi
}
