#!/bin/sh
# Collect the appliances of the stores and their uplinks, one run at a time.
set -eu
# shellcheck source-path=SCRIPTDIR source=run_job.sh
. "$(dirname "$(readlink -f "$0")")/run_job.sh"
run_job meraki-inventory circuits meraki "$@"
