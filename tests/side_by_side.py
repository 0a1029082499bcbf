"""Which tests share a process where they run side by side."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

_MACHINE = "tests/appliance/"
_OTHER_MACHINES = ("tests/appliance/test_lifecycle", "tests/appliance/test_package")


class SideBySide(LoadScopeScheduling):  # type: ignore[misc]
    """The tests of a file stay together, and so do all that use the installed machine: they share what is slow to make.

    The faults do not: each of them takes as long as a whole file of other tests, and they would be waited for.
    (The plugin's own groups do not hold with pytest 9: it looks for them in names that pytest makes anew.)
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        if file.startswith("tests/faults/"):
            return nodeid
        return _MACHINE if file.startswith(_MACHINE) and not file.startswith(_OTHER_MACHINES) else file
