"""What may be shown of the address of an export, which is a secret: it signs in by itself (facts 4.3)."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

_HIDDEN = "***"
_REPORT = re.compile(r"[A-Za-z0-9_-]{1,80}\.rpt", re.IGNORECASE)
_PARAMETER = "report"


def redact(url: str) -> str:
    """Scheme, host and report of an address: ``https://reports.example.com/…/active_vehicles.rpt?***``.

    The report is that of the parameter ``report``, or the end of the path, if it looks like the name of one. User,
    password, port, path, query and fragment are left out. What is no address is hidden as a whole.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        named = [value for name, value in parse_qsl(parts.query) if name.lower() == _PARAMETER]
    except ValueError:
        return _HIDDEN
    # An @ behind the host may be one of a password that was not quoted: what looks like the host is then the user.
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.path + parts.fragment:
        return _HIDDEN
    shown = f"[{host}]" if ":" in host else host
    reports = [name for text in (*named, parts.path) if _REPORT.fullmatch(name := _base_name(text))]
    return f"{parts.scheme}://{shown}/…{f'/{reports[0]}' if reports else ''}?{_HIDDEN}"


def _base_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
