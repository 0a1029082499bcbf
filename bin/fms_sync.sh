#!/bin/sh
# Sync the five FMS exports, one run at a time.
set -eu
# shellcheck source-path=SCRIPTDIR source=run_job.sh
. "$(dirname "$(readlink -f "$0")")/run_job.sh"
run_job fms-sync fms sync "$@"
