#!/usr/bin/env bash
# Submits to a cluster: ./submit/spark-submit.sh [--dry-run] [SPARK-ARGS... --] COMMAND ARGS...
# Everything before "--" goes to spark-submit, such as --master yarn --num-executors 8.
# PyTorch's native library is not sent along: the executors need it through PYTORCH_LIBRARY_PATH or their class path.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

parse_dry_run "$@"
spark_args=()
for i in ${args[@]+"${!args[@]}"}; do
  if [ "${args[i]}" = -- ]; then
    spark_args=("${args[@]:0:i}")
    args=("${args[@]:i+1}")
    break
  fi
done

if [ -n "${SPARK_HOME:-}" ]; then
  spark_submit=$SPARK_HOME/bin/spark-submit
  if [ ! -x "$spark_submit" ]; then
    say "SPARK_HOME is $SPARK_HOME, but there is no bin/spark-submit in it"
    exit 1
  fi
elif spark_submit=$(command -v spark-submit); then
  :
else
  say "no Spark found: set SPARK_HOME to a Spark 4.0 (Scala 2.13) installation, or put spark-submit on the PATH;" \
    "on this machine alone, use ./submit/local.sh"
  exit 1
fi

build
jars=
if [ -f "$root/job/target/submit.classpath" ]; then
  jars=$(tr ':' ',' <"$root/job/target/submit.classpath")
fi
application=("$root"/job/target/job-*.jar)
java_options=$(tr '\n' ' ' <"$root/conf/jvm.options")
run "$spark_submit" --name maskroute --class io.maskroute.job.cli.Main \
  --conf "spark.driver.extraJavaOptions=$java_options -Dmaskroute.home=$root" \
  --conf "spark.executor.extraJavaOptions=$java_options" \
  --conf "spark.executorEnv.GLIBC_TUNABLES=$GLIBC_TUNABLES" \
  ${jars:+--jars "$jars"} ${spark_args[@]+"${spark_args[@]}"} \
  "${application[0]}" ${args[@]+"${args[@]}"}
