"""How sites are named, and how their spellings are compared (facts 2.1).

The broker writes the site id of one circuit as ``XYZ 01 -B``, ``XYZ 01- B`` or ``XYZ 01-B``: they are one id.
"""

from __future__ import annotations

import re

_AROUND_HYPHENS = re.compile(r"\s*-\s*")
_ASIDE = re.compile(r"\([^)]*\)?")
_SECOND_LINE = re.compile(r"-B$")


def normal_site_id(text: str | None) -> str:
    """A site id as it is compared: upper case, single blanks, none at its ends or around hyphens; empty for none."""
    return _AROUND_HYPHENS.sub("-", " ".join((text or "").split()).upper())


def site_key(site_id: str | None, site_name: str, purpose: str) -> str:
    """What names a circuit in every day's file: its normal site id, or ``SITE NAME|Purpose`` where it has none."""
    return normal_site_id(site_id) or f"{normal_site_id(site_name)}|{purpose}"


def comparable_site(name: str | None) -> str:
    """A site's or a network's name as it is compared: case and the number of blanks do not count (facts 6.2)."""
    return " ".join((name or "").split()).casefold()


def store_code(site_id: str | None) -> str:
    """The store's code in a site id: without a remark in parentheses and the suffix of a second line (facts 10.1)."""
    return _SECOND_LINE.sub("", normal_site_id(_ASIDE.sub(" ", site_id or "")))
