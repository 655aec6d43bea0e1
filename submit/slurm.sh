#!/usr/bin/env bash
# Runs a command on the nodes of a Slurm allocation, on a standalone Spark that lives as long as the command:
#   sbatch --nodes 4 --exclusive --gpus-per-node 4 --wrap "./submit/slurm.sh [SPARK-ARGS... --] COMMAND ARGS..."
# or the same from salloc. The master and the driver are on the first node, a worker with all its GPUs is on each. This folder, the
# data and SPARK_HOME must have the same path on every node. The exit code is maskroute's.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"

patience=${MASKROUTE_SLURM_PATIENCE:-120}

spark_class() {
  if [ -z "${SPARK_HOME:-}" ] || [ ! -x "$SPARK_HOME/bin/spark-class" ]; then
    say "SPARK_HOME must name a Spark 4.0 with Scala 2.13 that every node sees; there is no '${SPARK_HOME:-}/bin/spark-class'"
    exit 1
  fi
  exec "$SPARK_HOME/bin/spark-class" "$@"
}

# The name by which other nodes reach this one.
this_node() {
  printf '%s' "${SPARK_LOCAL_IP:-$(hostname)}"
}

# In MiB: what Slurm gave, or all of it, less some for the worker and the system.
node_memory() {
  local memory=${SLURM_MEM_PER_NODE:-0}
  if [ "$memory" -eq 0 ] && [ -n "${SLURM_MEM_PER_CPU:-}" ]; then
    memory=$((SLURM_MEM_PER_CPU * node_cores))
  fi
  if [ "$memory" -eq 0 ]; then
    memory=$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024))
  fi
  printf '%d' $((memory > 4096 ? memory - 2048 : memory / 2))
}

node_cores=${SLURM_CPUS_ON_NODE:-$(nproc)}

# On each node: a worker that offers the GPUs of this job.
if [ "${1:-}" = --worker ]; then
  mkdir -p "$3"
  properties=$3/worker-$$.conf
  : >"$properties"
  if addresses=$("$root/submit/gpu-discovery.sh" 2>/dev/null); then
    printf 'spark.worker.resource.gpu.amount %d\nspark.worker.resource.gpu.discoveryScript %s\n' \
      "$(grep -o '"[0-9]\{1,3\}"' <<<"$addresses" | wc -l)" "$root/submit/gpu-discovery.sh" >"$properties"
  fi
  spark_class org.apache.spark.deploy.worker.Worker --host "$(this_node)" --port 0 --webui-port 0 \
    --cores "$node_cores" --memory "$(node_memory)m" --work-dir "$3" --properties-file "$properties" "$2"
fi

if [ -z "${SLURM_JOB_ID:-}" ] || ! command -v srun >/dev/null; then
  say "there is no Slurm allocation here: call it with sbatch --wrap, or from salloc"
  exit 1
fi
if [ $# -eq 0 ]; then
  say "give a command, such as: submit/slurm.sh evaluate --model … --dataset … --output …"
  exit 1
fi

# Node-local, as Spark's temporary files should be; the same name on each.
work=${SLURM_TMPDIR:-${TMPDIR:-/tmp}}/maskroute-slurm-$SLURM_JOB_ID
mkdir -p "$work"
children=()
# shellcheck disable=SC2317 # called by the trap
finish() {
  trap - EXIT
  if [ ${#children[@]} -gt 0 ]; then
    kill "${children[@]}" 2>/dev/null || true
    wait "${children[@]}" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

(spark_class org.apache.spark.deploy.master.Master --host "$(this_node)" --port 0 --webui-port 0) >"$work/master.log" 2>&1 &
children+=($!)
master=
for ((i = 0; i < patience * 5; i++)); do
  master=$(sed -n 's|.*Starting Spark master at \(spark://[^ ]*\).*|\1|p' "$work/master.log" | head -n 1)
  if [ -n "$master" ] || ! kill -0 "${children[0]}" 2>/dev/null; then
    break
  fi
  sleep 0.2
done
if [ -z "$master" ]; then
  say "Spark's master did not start:"
  tail -n 20 "$work/master.log" >&2
  exit 3
fi

srun --ntasks="${SLURM_JOB_NUM_NODES:-1}" --ntasks-per-node=1 --cpus-per-task="$node_cores" \
  "$root/submit/slurm.sh" --worker "$master" "$work" >"$work/workers.log" 2>&1 &
workers=$!
children+=("$workers")

arguments=(--master "$master")
gpus=${SLURM_GPUS_ON_NODE:-0}
if [ "$gpus" -gt 0 ]; then
  cores=$((node_cores / gpus > 0 ? node_cores / gpus : 1))
  arguments=(--settings gpu --conf "spark.executor.cores=$cores"
    --conf "spark.task.resource.gpu.amount=$(awk -v n="$cores" 'BEGIN { printf "%.6f", int(1000000 / n) / 1000000 }')"
    "${arguments[@]}")
fi
separated=false
for argument in "$@"; do
  if [ "$argument" = -- ]; then
    separated=true
  fi
done
"$separated" || arguments+=(--)

"$root/submit/spark-submit.sh" "${arguments[@]}" "$@" &
driver=$!
# Slurm's time limit and scancel: what was committed stays, and the driver ends in order.
trap 'kill -TERM "$driver" 2>/dev/null || true' TERM INT
code=0
while true; do
  if wait -n "$driver" "$workers"; then code=0; else code=$?; fi
  if ! kill -0 "$driver" 2>/dev/null; then
    if wait "$driver"; then code=0; else code=$?; fi
    break
  fi
  if ! kill -0 "$workers" 2>/dev/null; then
    say "the workers ended before the command did:"
    tail -n 20 "$work/workers.log" >&2
    kill -TERM "$driver" 2>/dev/null || true
    wait "$driver" || true
    code=3
    break
  fi
done
exit "$code"
