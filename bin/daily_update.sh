#!/bin/sh
# Bring the newest commercial log into the database, one run at a time. --extra-args adds what the setting
# DAILY_UPDATE_EXTRA_ARGS says: read by the command, so that it holds by hand too, where systemd reads no env file.
set -eu
# shellcheck source-path=SCRIPTDIR source=run_job.sh
. "$(dirname "$(readlink -f "$0")")/run_job.sh"
run_job daily-update update --unattended --extra-args "$@"
