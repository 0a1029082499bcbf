#!/bin/sh
# Archive the older commercial logs, one run at a time, or only say what is kept, which needs neither lock nor privileges.
set -eu
# shellcheck source-path=SCRIPTDIR source=run_job.sh
. "$(dirname "$(readlink -f "$0")")/run_job.sh"
action=${1-rotate}
[ $# -eq 0 ] || shift
case $action in
    rotate) run_job commercial-rotation commercial rotate "$@" ;;
    status) exec "$ctvpipe" commercial rotate --status "$@" ;;
    *)
        echo "usage: $0 [rotate|status]" >&2
        exit 2
        ;;
esac
