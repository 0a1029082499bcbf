#!/bin/sh
# Collect the devices of every organisation, one run at a time.
set -eu
# shellcheck source-path=SCRIPTDIR source=run_job.sh
. "$(dirname "$(readlink -f "$0")")/run_job.sh"
run_job meraki-inventory-all circuits meraki --all-orgs "$@"
