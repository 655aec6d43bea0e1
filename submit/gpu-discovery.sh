#!/usr/bin/env bash
# Tells Spark which GPUs there are (spark.worker.resource.gpu.discoveryScript, spark.executor.resource.gpu.discoveryScript):
#   {"name": "gpu", "addresses": ["0", "1"]}
# The addresses are those that CUDA will know the GPUs by. Needs nvidia-smi, and nothing else of maskroute.
set -euo pipefail

fail() {
  printf 'gpu-discovery: %s\n' "$*" >&2
  exit 1
}

command -v nvidia-smi >/dev/null || fail "no nvidia-smi on the PATH: no NVIDIA driver on $HOSTNAME, or not in this container"
if ! listed=$(nvidia-smi --query-gpu=index --format=csv,noheader 2>&1); then
  fail "nvidia-smi failed on $HOSTNAME: $listed"
fi
mapfile -t indexes <<<"$listed"

# CUDA counts from 0 through what this variable names.
if [ -n "${CUDA_VISIBLE_DEVICES+set}" ]; then
  IFS=, read -r -a visible <<<"$CUDA_VISIBLE_DEVICES"
  [ "${#visible[@]}" -le "${#indexes[@]}" ] ||
    fail "CUDA_VISIBLE_DEVICES names ${#visible[@]} GPUs, but nvidia-smi knows ${#indexes[@]}"
  indexes=(${visible[@]+"${!visible[@]}"})
fi

addresses=
for index in ${indexes[@]+"${indexes[@]}"}; do
  index=${index//[[:space:]]/}
  [[ $index =~ ^[0-9]+$ ]] || fail "nvidia-smi listed '$index' where an index was due"
  addresses+="${addresses:+, }\"$index\""
done
[ -n "$addresses" ] || fail "there is no GPU on $HOSTNAME, or CUDA_VISIBLE_DEVICES hides all"
printf '{"name": "gpu", "addresses": [%s]}\n' "$addresses"
