# Sourced by the launchers: where things are, building what is missing, and what the JVM needs. Bash 4 or newer.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
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

# Whether every source is older than the last build.
is_built() {
  [ -f "$build_stamp" ] && [ -f "$classpath_file" ] && [ -f "$application_jar" ] &&
    [ -z "$(find "$root"/pom.xml "$root"/*/pom.xml "$root"/core/src/main "$root"/datasets/src/main \
      "$root"/job/src/main -newer "$build_stamp" -print -quit)" ]
}

build() {
  if is_built; then
    return
  fi
  local command=(mvn -q -B -f "$root/pom.xml" -DskipTests package)
  if "$dry_run"; then
    printf '%q ' "${command[@]}"
    printf '\n'
    return
  fi
  if ! command -v mvn >/dev/null; then
    say "Maven 3.8 or newer is needed to build; install it and run this again"
    exit 3
  fi
  say "building (${command[*]})"
  # Sources that change while Maven runs must look newer than this build.
  local started
  started=$(mktemp)
  if ! "${command[@]}"; then
    rm -f "$started"
    say "the build failed"
    exit 3
  fi
  mv "$started" "$build_stamp"
}

# Large temporaries stay with the process: glibc's defaults return them to the system after every operator.
export GLIBC_TUNABLES=${GLIBC_TUNABLES:-glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456}

java_binary() {
  if [ -n "${JAVA_HOME:-}" ]; then
    printf '%s' "$JAVA_HOME/bin/java"
  else
    printf 'java'
  fi
}
