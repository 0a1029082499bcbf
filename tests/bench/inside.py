"""Call a function in this process when everything that it imports is there already, and print the seconds it took.

Run as ``python -m tests.bench.inside KNOWN MODULE FUNCTION ARGUMENTS``. KNOWN is a file with the names of the modules that
the call needs; where it does not exist yet it is written after the call, whose time then counts for nothing.
"""

from __future__ import annotations

import importlib
import sys
import time
from contextlib import suppress
from pathlib import Path


def main(known: Path, module: str, function: str, *arguments: str) -> None:
    for name in known.read_text().split() if known.exists() else ():
        with suppress(ImportError):  # some modules are in sys.modules by a name that cannot be imported
            importlib.import_module(name)
    call = getattr(importlib.import_module(module), function)
    begin = time.perf_counter()
    call(*arguments)
    seconds = time.perf_counter() - begin
    if not known.exists():
        known.write_text("\n".join(sorted(name for name in sys.modules if name != "__main__")))
    print(seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
