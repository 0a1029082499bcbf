#!/bin/sh
# Fetch the commercial log from the share, one run at a time.
set -eu
# shellcheck source-path=SCRIPTDIR source=run_job.sh
. "$(dirname "$(readlink -f "$0")")/run_job.sh"
run_job commercial-import commercial import "$@"
