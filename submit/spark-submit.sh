#!/usr/bin/env bash
# Submits to a cluster:
#   ./submit/spark-submit.sh [--dry-run] [[--settings NAME,...] [SPARK-ARGS...] --] COMMAND ARGS...
# --settings yarn-gpu reads conf/cluster/yarn-gpu.conf (a name with a slash is a file of your own); conf/cluster/common.conf
# always applies. Everything else before "--" goes to spark-submit and wins over them.
# PyTorch's native library is not sent along: docs/cluster.md says how each kind of cluster gets it.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"

# Takes the arguments before "--" off args: sets spark_args and settings.
parse_spark_args() {
  spark_args=()
  settings=(common)
  local before=() i
  for i in ${args[@]+"${!args[@]}"}; do
    if [ "${args[i]}" = -- ]; then
      before=("${args[@]:0:i}")
      args=("${args[@]:i+1}")
      break
    fi
  done
  set -- ${before[@]+"${before[@]}"}
  while [ $# -gt 0 ]; do
    if [ "$1" = --settings ]; then
      if [ -z "${2:-}" ]; then
        say "--settings needs names of files in conf/cluster, such as yarn-gpu"
        exit 1
      fi
      local names
      IFS=, read -r -a names <<<"$2"
      settings+=("${names[@]}")
      shift 2
    else
      spark_args+=("$1")
      shift
    fi
  done
}

# Reads conf/cluster/NAME.conf: adds to conf_args (for spark-submit), sets jar and home.
read_settings() {
  local file=$root/conf/cluster/$1.conf
  if [[ $1 == */* ]]; then
    file=$1
  fi
  if [ ! -f "$file" ]; then
    say "--settings $1: there is no file $file"
    exit 1
  fi
  local line key value name names
  while IFS= read -r line || [ -n "$line" ]; do
    read -r key value <<<"$line"
    case $key in
    '' | \#*) continue ;;
    esac
    if [ -z "$value" ]; then
      say "$file: '$key' has no value"
      exit 1
    fi
    value=${value//"{maskroute}"/"$root"}
    case $key in
    maskroute.settings)
      IFS=, read -r -a names <<<"$value"
      for name in "${names[@]}"; do
        read_settings "$name"
      done
      ;;
    maskroute.jar) jar=$value ;;
    maskroute.home) home=$value ;;
    spark.*) conf_args+=(--conf "$key=$value") ;;
    *)
      say "$file: unknown key '$key'; maskroute's own settings belong in conf/maskroute.conf"
      exit 1
      ;;
    esac
  done <"$file"
}

# Whether the driver will run somewhere else than here.
in_cluster_mode() {
  local argument previous=
  for argument in ${conf_args[@]+"${conf_args[@]}"} ${spark_args[@]+"${spark_args[@]}"}; do
    case $previous,$argument in
    --conf,spark.submit.deployMode=cluster | --deploy-mode,cluster | *,--deploy-mode=cluster) return 0 ;;
    esac
    previous=$argument
  done
  return 1
}

# Quotes a word for an option of Spark's that is a list of words, such as spark.driver.defaultJavaOptions.
quote_java_option() {
  local word=${1//\\/\\\\}
  printf '"%s"' "${word//\"/\\\"}"
}

if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
  sed -n '/^#!/d; /^#/!q; s/^# \{0,1\}//p' "$root/submit/spark-submit.sh"
  printf 'COMMANDs: %s\n' "./submit/maskroute --help lists them; Spark's own arguments: spark-submit --help"
  exit 0
fi
parse_dry_run "$@"
parse_spark_args
conf_args=()
jar=
home=
for name in "${settings[@]}"; do
  read_settings "$name"
done

if ! "$dry_run" && ! name_resolves; then
  say "the name of this machine, $(uname -n), does not resolve, and Spark needs an address for it:" \
    "add it to /etc/hosts, or set SPARK_LOCAL_IP to the address by which the cluster reaches this machine"
  exit 1
fi
if ! "$dry_run" && command -v id >/dev/null && ! id -un >/dev/null 2>&1; then
  say "the user id $(id -u) has no name on this machine, and Spark's login needs one:" \
    "give it a line in /etc/passwd, or start the container as a user that has one"
  exit 1
fi

if [ -n "${SPARK_HOME:-}" ]; then
  spark_submit=$SPARK_HOME/bin/spark-submit
  if [ ! -x "$spark_submit" ]; then
    say "SPARK_HOME is $SPARK_HOME, but there is no bin/spark-submit in it"
    exit 1
  fi
elif spark_submit=$(command -v spark-submit); then
  :
elif "$dry_run"; then
  spark_submit=spark-submit
else
  say "no Spark found: set SPARK_HOME to a Spark 4.0 (Scala 2.13) installation, or put spark-submit on the PATH;" \
    "on this machine alone, use ./submit/local.sh"
  exit 1
fi

if [ -z "$home" ]; then
  home=$root
  if in_cluster_mode && grep -qsvE '^[[:space:]]*(#|$)' "$root/conf/maskroute.conf"; then
    say "in cluster mode conf/maskroute.conf is not read: the driver runs elsewhere;" \
      "send it with --files and name it with --conf after the command"
  fi
fi
if [ -z "$jar" ]; then
  build
  jar=$application_jar
fi
run "$spark_submit" --name maskroute --class io.maskroute.job.cli.Main \
  --conf "spark.driver.defaultJavaOptions=$(quote_java_option "-Dmaskroute.home=$home")" \
  --conf "spark.executorEnv.GLIBC_TUNABLES=$GLIBC_TUNABLES" \
  ${conf_args[@]+"${conf_args[@]}"} ${spark_args[@]+"${spark_args[@]}"} \
  "$jar" ${args[@]+"${args[@]}"}
