#!/usr/bin/env bash
# Runs on this machine, on Spark local[*], building what is missing:
#   ./submit/local.sh                                   the bundled model over the bundled dataset, dense and routed, into out/demo
#   ./submit/local.sh [--dry-run] COMMAND ARGS...       any command
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"

parse_dry_run "$@"
if [ ${#args[@]} -eq 0 ]; then
  args=(demo)
fi
launcher=("$root/submit/maskroute")
if "$dry_run"; then
  launcher+=(--dry-run)
fi
exec "${launcher[@]}" "${args[@]}"
