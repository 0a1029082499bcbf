# shellcheck shell=sh
# Read by the wrappers beside it; not to be called.

ctvpipe=${CTVPIPE_COMMAND:-/usr/bin/ctvpipe}

# run_job JOB WORD...: become "ctvpipe WORD...", holding the lock of JOB.
#
# The lock is taken here and handed on, as an open descriptor, by its number in CTVPIPE_LOCK_FD. Where another run
# holds it, or the directory cannot be used, the command is called without: it meets the same obstacle, and it alone
# can record it and say it.
run_job() {
    lock=${CTVPIPE_RUN_DIR:-/run/ctvpipe}/$1.lock
    shift
    unset CTVPIPE_LOCK_FD
    umask 007 # new files are the group's too, and nobody else's
    if command exec 9>>"$lock"; then
        if flock -n 9; then
            export CTVPIPE_LOCK_FD=9
        else
            exec 9>&-
        fi
    fi 2>/dev/null
    exec "$ctvpipe" "$@"
}
