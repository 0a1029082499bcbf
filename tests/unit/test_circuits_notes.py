"""Notes, speeds and addresses (facts 2.3, 2.5, 2.6, 13)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.circuits import addresses, notes, speeds
from ctvpipe.pipelines.circuits.addresses import Kind
from ctvpipe.pipelines.circuits.notes import Line, Notes

NOTHING = Notes()


def both(*words: str | None) -> Notes:
    return Notes(Line(*words[:2]), Line(*words[2:]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "WAN1: Acme Cable 940M x 35M\nWAN2: AT&T 25M x 3M",
            both("Acme Cable", "940.0M x 35.0M", "AT&T", "25.0M x 3.0M"),
        ),
        ("WAN 1\nAcme\n1G x 1G\nWAN 2\nVZW Cell\nCell", both("Acme", "1000.0M x 1000.0M", "VZW Cell", "Cell")),
        (
            "WAN1 NOT DSR Acme Fiber 500M x 500M static ip 192.0.2.5 WAN2 VZG IMEI: 123",
            both("Acme Fiber", "500.0M x 500.0M", "VZW Cell", "Cell"),
        ),
        ("WAN2: B 10M x 1M WAN1: A 20M x 2M", both("A", "20.0M x 2.0M", "B", "10.0M x 1.0M")),
        ("WAN1: Starlink Satellite\nWAN2: Unknown", both("Starlink", "Satellite", None, None)),
        ("", NOTHING),
        (None, NOTHING),
        ("WAN1\\nAcme\\n10M x 1M", both("Acme", "10.0M x 1.0M")),
        ("Acme 600Mbps x 35Mbps, speeds 1 x 1", both("Acme", "600.0M x 35.0M")),
        ("the WAN 100M line", both("the WAN 100M line", None)),
        ("Acme WAN 1.5G x 35M", both("Acme WAN", "1500.0M x 35.0M")),
        ("Acme WAN 1G x 1G", both("Acme WAN", "1000.0M x 1000.0M")),
        ("WAN 1 Gigabit Acme", both("Gigabit Acme", None)),
        # Cutting the provider's label takes nothing of the speed: its second half was lost that way (facts 11, 18).
        ("WAN1: DSR Comcast Workplace Cable 1.2G x 35M static IP", both("Comcast Workplace Cable", "1200.0M x 35.0M")),
        ("WAN1: Spectrum port 3 600M x 35M", both("Spectrum", "600.0M x 35.0M")),
        ("wan2 Newport Internet 1.5G x 35M", both(None, None, "Newport Internet", "1500.0M x 35.0M")),
        ("WAN1: DIGI WAN2: Accelerated", both("Digi", "Cell", "Accelerated", "Cell")),
        ("WAN1: WAN1: Acme 5M x 1M", both("Acme", "5.0M x 1.0M")),
        ("WAN1: Verizon Business\nWAN2: cell cell", both("Verizon Business", "Cell", "VZW Cell", "Cell")),
        ("WAN1: Acme Cell", both("Acme", "Cell")),
    ],
)
def test_notes(text: str | None, said: Notes) -> None:
    assert notes.parse(text) == said


names = st.from_regex(r"[A-Z][a-z]{3,9}( [A-Z][a-z]{3,9})?", fullmatch=True).filter(
    lambda name: notes.parse(name) == both(name, None)
)
rates = st.integers(1, 9999).map(lambda number: number / 10)


@given(st.tuples(names, rates, rates), st.tuples(names, rates, rates), st.booleans(), st.booleans(), st.booleans())
def test_both_layouts_in_any_order(
    first: tuple[str, float, float], second: tuple[str, float, float], below: bool, swapped: bool, written_out: bool
) -> None:
    """Read in their order, a second line that is written first is lost."""
    sections = []
    for number, (name, down, up) in ((1, first), (2, second)):
        words = (f"WAN {number}", name, f"{down}M x {up}M") if below else (f"WAN{number}: {name} {down}M x {up}M",)
        sections.append("\n".join(words))
    text = "\n".join(reversed(sections) if swapped else sections)
    expected = [word for name, down, up in (first, second) for word in (name, f"{down:.1f}M x {up:.1f}M")]
    assert notes.parse(text.replace("\n", "\\n") if written_out else text) == both(*expected)


@given(st.text(alphabet="WAN12:x MGb.\\n\n 5-", max_size=60))
def test_any_notes_can_be_read(text: str) -> None:
    said = notes.parse(text)
    for line in (said.wan1, said.wan2):
        assert line.speed is None or speeds.normal(line.speed) == line.speed
        assert line.provider != ""


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        ("300.0M x 30.0M", "300.0M x 30.0M"),
        ("1G x 35M", "1000.0M x 35.0M"),
        ("1.5GB X 940mb", "1500.0M x 940.0M"),
        (" cell ", "Cell"),
        ("Satellite", "Satellite"),
        ("300.0 M", None),
        ("300 x 30", None),
        ("Acme", None),
        ("300M x 30M x 3M", None),
        ("", None),
        (None, None),
    ],
)
def test_speeds(text: str | None, speed: str | None) -> None:
    assert speeds.normal(text) == speed


@pytest.mark.parametrize(
    ("text", "valid", "kind"),
    [
        (" 8.8.8.8/29 ", "8.8.8.8", Kind.PUBLIC),
        ("10.1.2.3", "10.1.2.3", Kind.PRIVATE),
        ("100.64.1.1", "100.64.1.1", Kind.CGNAT),
        ("192.0.2.5", "192.0.2.5", Kind.PRIVATE),
        ("224.0.0.5", "224.0.0.5", Kind.PRIVATE),
        ("::ffff:10.1.2.3", "10.1.2.3", Kind.PRIVATE),
        ("2001:4860:4860::8888", "2001:4860:4860::8888", Kind.PUBLIC),
        ("8.8.8", None, Kind.INVALID),
        ("8.8.8.08", None, Kind.INVALID),
        ("", None, Kind.INVALID),
        (None, None, Kind.INVALID),
    ],
)
def test_addresses(text: str | None, valid: str | None, kind: Kind) -> None:
    """A shared address of a provider is neither private nor global: one of Python's two questions is the wrong one."""
    assert addresses.valid_ip(text) == valid
    assert addresses.classify(text) is kind
