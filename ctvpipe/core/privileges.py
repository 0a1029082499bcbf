"""A job needs no privileges: what root starts by hand goes on as the user to whom the appliance belongs."""

from __future__ import annotations

import os
import pwd
from pathlib import Path


def become_owner(state_dir: Path) -> str:
    """Where root runs this and ``state_dir`` belongs to another user, become that user, for good; returns its name.

    Files that root makes, the ledger above all, would lock the service out; and a workbook that somebody sent is not
    for root to parse. Returns an empty name where there is nothing to change: for any other user, and for root where
    the directory is root's or not there yet.
    """
    if os.geteuid() != 0:
        return ""
    try:
        owner = state_dir.stat()
    except OSError:
        return ""
    if owner.st_uid == 0:
        return ""
    try:
        user = pwd.getpwuid(owner.st_uid)
    except KeyError:
        name, group = f"user {owner.st_uid}", owner.st_gid
        os.setgroups([])
    else:
        name, group = user.pw_name, user.pw_gid
        os.initgroups(name, group)
        os.environ |= {"HOME": user.pw_dir, "USER": name, "LOGNAME": name}
    os.setgid(group)
    os.setuid(owner.st_uid)
    return name
