"""What the manual says beyond what commands and settings say of themselves."""

from __future__ import annotations

ABOUT = """
ctvpipe is the night shift of a television station's data work. Every night, with nobody watching, it fetches the
traffic department's commercial log from a Windows share, archives it, and merges it into the sales database; brings
the orders of the stores' Internet lines together with what their appliances report; brings the five exports of the fleet
management system FMS into tables, and the departments, people and groups of a campus from four directories into one
record each; and it can always say whether last night worked.

The jobs are started by systemd timers, one a job. Each job can also be run by hand, as the service user; a run by hand
and the night's run never run at the same time. Every job has --dry-run: it reads, checks and plans, prints the plan,
and changes nothing.
"""

OPERATORS_DAY = (
    ("ctvpipe status", "did last night work? exit 0 yes, 1 with warnings, 2 no"),
    ("ctvpipe runs list", "every run; runs show ID: one of them, with the lines of its log"),
    ("ctvpipe share check", "the way to the workbook, step by step: where does it end?"),
    ("ctvpipe config check", "all settings and every connection"),
    ("ctvpipe alert test", "does an alert reach us?"),
    ("ctvpipe update --dry-run", "what would tonight change?"),
    ("ctvpipe months list", "what is in the database; months close Nov-26 --by NAME: for good"),
    ("ctvpipe customers unmatched", "bill codes nobody knows; customers add, customers alias: now they do"),
    ("ctvpipe review list", "spots whose language a person should decide; review decide ID CODE --by NAME"),
    ("ctvpipe circuits conflicts", "orders that claim one circuit; circuits --help: what people decide, and why"),
    ("ctvpipe fms status", "the next and the last sync, what each table holds; fms --help: what people decide"),
    ("ctvpipe directory quality", "how good the campus's records are; directory explain KEY: why one is as it is"),
    ("ctvpipe bdc quality", "what is doubtful before a filing: coordinates, services, who cannot be counted"),
    (
        "ctvpipe bdc export subscription FILE",
        "the filing's counts by tract; voice, geojson; --snapshot 2026-12-31: as of that day",
    ),
    ("ctvpipe jobs", "what runs when, and where its log is; off: its pipeline is not in use"),
    ("sudo ctvpipe enable circuits", "begin with the nights of the circuits, once their settings are right"),
    (
        "sudo ctvpipe disable commercial_log",
        "no more nights of it; ctvpipe enable: again, once its settings are right",
    ),
)

BY_HAND = (
    ("sudo systemctl start ctv-daily-update.service", "run a job now, exactly as the night runs it"),
    ("sudo -u ctvpipe ctvpipe update --dry-run", "run it by hand, as the service user, with the night's settings"),
    ("sudo -u ctvpipe ctvpipe config check", "try settings, directories and connections as the jobs will meet them"),
    ("systemctl list-timers 'ctv-*'", "when does each timer start its job?"),
    (
        "grep ERROR /var/log/ctv-daily-update/update.log",
        "the logs have the words SUCCESS, ERROR and Duration: to look for",
    ),
)

MOUNT_UNIT = r"mnt-k\x2ddrive.mount"

MOUNTING = """
The imports reach the share directly and need no mount. For those who want the path, there are two ways, both read-only,
encrypted, and in need of root and the package cifs-utils:

ctvpipe share mount mounts the share of the settings at COMMERCIAL_MOUNT_POINT until the next boot.

The unit {unit} mounts a share at /mnt/k-drive, now and at every boot. It is off, and knows neither share nor login, until
these steps are done:
"""

MOUNT_STEPS = (
    (
        f"sudo systemctl edit '{MOUNT_UNIT}'",
        "Write the line [Mount], and below it What=//SERVER/SHARE; blanks in it stay as they are, a % is written %%.",
    ),
    ("sudo install -m 600 /dev/null /etc/ctv-k-drive.cred", "The login goes into a file that only root may read."),
    (
        "sudoedit /etc/ctv-k-drive.cred",
        "Write the lines username=NAME, password=PASSWORD and, where there is one, domain=DOMAIN.",
    ),
    (
        f"sudo systemctl enable --now '{MOUNT_UNIT}'",
        "Mount it. A server that is away at boot is neither waited for nor tried again: then systemctl start does it.",
    ),
)

ENVIRONMENT = {
    "CTVPIPE_ETC_DIR": """Where the env files are; default /etc. Whether a timer is switched on is looked up on the same
    system: in etc/systemd/system, run/systemd/system and usr/lib/systemd/system beside it.""",
    "CTVPIPE_DEBUG": "Set to 1: an unexpected error comes with its traceback, secrets masked.",
    "NO_COLOR": "Set to anything: no colours, even on a terminal.",
    "CREDENTIALS_DIRECTORY": """Set by systemd for a service with LoadCredential=: a secret that no variable sets is read
    from the file of its name there.""",
}

SYNTAX = """
The files are read by systemd for the night (EnvironmentFile= in systemd.exec(5)), and by ctvpipe itself for a
command that is called by hand, with the same rules:

One NAME=value a line. A line that begins with # or ; is a comment; a # after a value belongs to the value. Blanks
around a value are dropped, those inside quotes stay.

A value may stand in single or in double quotes. In double quotes \\" and \\\\ and \\$ and \\` stand for ", \\, $ and `,
and any other backslash stands for itself; in single quotes every character stands for itself. Outside of quotes a
backslash is dropped and keeps the character that follows it, and one at the end of a line goes on with the next line.
Nothing is expanded: neither $NAME nor ~ nor a command.

An empty value counts as not set: the default holds. Later files win over earlier ones, and the environment of a command
called by hand wins over all files.
"""

SECRETS = """
A secret X may be set in three ways; the first that is there counts: the variable X itself; a file named by the variable
X_FILE, whose content it is; the systemd credential X (LoadCredential=X:/path in the service, by systemctl edit). A line
break at the end of such a file is dropped.

Secrets are shown as *** by ctvpipe config show, and kept out of logs, alerts and error messages. The env files belong to
root and the group ctvapps and are nobody else's to read (mode 640).
"""
