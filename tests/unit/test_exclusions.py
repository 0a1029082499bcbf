"""Which networks are no stores (facts 6.2)."""

from __future__ import annotations

import pytest

from ctvpipe.pipelines.circuits.exclusions import NAMES, NOTES, TAGS, Exclusions, listed

DEFAULT = Exclusions(listed(TAGS), listed(NAMES), listed(NOTES))


@pytest.mark.parametrize(("name", "tags", "notes", "reason"), [
    ("XYZ 01", ["store"], "WAN1: Example 100M x 10M", None),
    ("XYZ 01", ["Store", " HUB "], "", "tag: hub"),
    ("XYZ 01", ["hubcap", "lab-2"], None, None),
    ("Phoenix Hub", [], None, "name: hub"),
    ("PHX-LAB-2", [], None, "name: lab"),
    ("voice_gateway", [], None, "name: voice"),
    ("Store  in a\tBox 4", [], None, "name: store in a box"),
    ("LABX 01", [], None, None),
    ("SIBLEY 02", [], None, None),
    ("Contest 9", [], None, None),
    ("XYZ 01", [], "This is the Test\nSite of IT", "notes: test site"),
    ("XYZ 01", [], "latest store of the region", None),
    (None, [], None, None),
])  # fmt: skip
def test_whole_words_decide(name: str | None, tags: list[str], notes: str | None, reason: str | None) -> None:
    """A substring would take out the stores LABX 01, SIBLEY 02 and Contest 9."""
    assert DEFAULT.reason(name=name, tags=tags, notes=notes) == reason


def test_the_lists_are_settings() -> None:
    own = Exclusions(listed(""), listed(" Ware  House ,, kiosk,KIOSK "), listed(""))
    assert own.names == ("ware house", "kiosk")
    assert own.reason(name="ware house 1", tags=[], notes=None) == "name: ware house"
    assert own.reason(name="hub", tags=["hub"], notes="hub site") is None
