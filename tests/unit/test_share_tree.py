"""Which name is meant, where a server gives several for one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ctvpipe.sources.share_errors import FileMissing, NameAmbiguous
from ctvpipe.sources.share_tree import resolve_file, same
from ctvpipe.sources.share_types import Entry, ShareLocation


class OneFolder:
    """A share of files in one folder, whose server takes names whatever their case."""

    location = ShareLocation("smb", "host", share="K Drive")

    def __init__(self, *names: str) -> None:
        self._entries = [Entry(name, False, 1, datetime(2026, 8, 27, tzinfo=UTC)) for name in names]

    def find(self, _folder, name):
        return [entry for entry in self._entries if same(entry.name, name)]

    def entries(self, _folder):
        return self._entries


def test_the_exact_spelling_wins_among_all_that_the_server_gives() -> None:
    names = ("LOG.xlsx", "Log.xlsx", "log.xlsx")
    for name in names:
        assert resolve_file(OneFolder(*names), (name,)) == (name,)


def test_several_and_none_exact() -> None:
    with pytest.raises(NameAmbiguous, match=r"has no 'Log.xlsx', but 'LOG.xlsx' and 'log.xlsx'"):
        resolve_file(OneFolder("LOG.xlsx", "log.xlsx"), ("Log.xlsx",))


def test_close_names_are_offered_but_no_owner_files() -> None:
    tree = OneFolder("Commercial Log 2.xlsx", "~$Commercial Log.xlsx", "Budget.xlsx")
    with pytest.raises(FileMissing) as caught:
        resolve_file(tree, ("Commercial Log.xlsx",))
    assert caught.value.advice == "close names there: 'Commercial Log 2.xlsx'"
