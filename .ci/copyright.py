"""Say whose the packages of a bundle are: debian/copyright's part about them, on standard output.

Usage: copyright.py BUNDLE

One paragraph a package, in name order, from what the package says of itself. The licences' texts are long, and lie
beside each package already: the paragraph says where.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

INSTALLED = "usr/lib/ctvpipe/python"
LICENCE_NAMES = ("licen", "copying", "notice")
FOREIGN_LIBRARIES = "Its compiled files hold other people's libraries: see the licence files, and sboms/ in its .dist-info where there is one."


def main(bundle: Path) -> None:
    found = sorted(distributions(path=[str(bundle)]), key=lambda one: one.name.lower())
    if not found:
        sys.exit(f"{bundle} holds no Python packages")
    for distribution in found:
        print("\n".join(["", *paragraph(distribution, bundle)]))


def paragraph(distribution: Distribution, bundle: Path) -> Iterator[str]:
    """The lines about one package; SystemExit where it says nothing of its licence."""
    name, files = distribution.name, [str(file) for file in distribution.files or ()]
    present = [file for file in files if (bundle / file).is_file()]
    texts = [file for file in present if ".dist-info/" in file and _is_licence(file)]
    licence = licence_name(distribution)
    if not licence or not texts:
        sys.exit(f"{name} {distribution.version} does not say what its licence is: look it up before it is shipped")
    tops = Counter(file.split("/")[0] + ("/*" if "/" in file else "") for file in present)
    yield f"Files: {' '.join(f'{INSTALLED}/{top}' for top in sorted(tops))}"
    yield f"Copyright: {authors(distribution)}"
    yield f"License: {licence}"
    yield f" The text of {name}'s licence:"
    yield from (f" /{INSTALLED}/{text}" for text in sorted(texts))
    if any(".so" in file for file in present):
        yield f"Comment: {FOREIGN_LIBRARIES}"


def licence_name(distribution: Distribution) -> str:
    """The licence, in one word as far as the format allows: an expression as it is, or the name that it gives itself."""
    said = distribution.metadata
    short = _first(distribution, "License-Expression") or _first(distribution, "License")
    if not short or "\n" in short:
        classifiers = [
            line.split(" :: ")[-1] for line in said.get_all("Classifier") or () if line.startswith("License")
        ]
        short = classifiers[0].removesuffix(" License") if classifiers else ""
    return short if " OR " in short or " AND " in short else short.replace(" ", "-")


def authors(distribution: Distribution) -> str:
    """Who wrote it, by name."""
    people = _first(distribution, "Author") or ", ".join(
        person.split("<")[0].strip(' "') for person in _first(distribution, "Author-email").split(",")
    )
    return people if people and "@" not in people else f"the authors of {distribution.name}"


def _first(distribution: Distribution, field: str) -> str:
    return str((distribution.metadata.get_all(field) or [""])[0])


def _is_licence(file: str) -> bool:
    return "/licenses/" in file or any(word in file.rpartition("/")[2].lower() for word in LICENCE_NAMES)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
