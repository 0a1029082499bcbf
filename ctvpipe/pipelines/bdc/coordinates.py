"""Coordinates as customers' records have them: what is right is a point, what is wrong is none, and why (facts 3.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ctvpipe.pipelines.bdc import values
from ctvpipe.pipelines.bdc.records import CoordStatus, Place

_NOTHING, _BOTH = 1e-6, 2
_US = frozenset({"US", "USA", "U.S.", "U.S.A.", "UNITED STATES", "UNITED STATES OF AMERICA"})
# Guam and the other islands of the Pacific, which lie east of Greenwich.
_EASTERN_ZIP, _EASTERN_STATES = "969", frozenset({"GU", "MP"})


@dataclass(frozen=True)
class Box:
    """The service area: whatever lies outside it is doubted. ``south`` is less than ``north``, ``west`` less than ``east``."""

    south: float
    west: float
    north: float
    east: float

    def holds(self, latitude: float, longitude: float) -> bool:
        """Whether a point lies in it."""
        return self.south <= latitude <= self.north and self.west <= longitude <= self.east


_WORLD = Box(-90, -180, 90, 180)


@dataclass(frozen=True)
class Placing:
    """How coordinates are judged: against ``box``, if there is one; ``fix``: what is exchanged or has lost its sign is
    put right.
    """

    box: Box | None = None
    fix: bool = False


def place(latitude: object, longitude: object, *, is_us: bool, placing: Placing) -> Place:
    """Where a customer is. Coordinates in doubt (one of them zero, or outside the box) are kept, those that are wrong
    are withheld.

    ``is_us``: it is known to be in the part of the United States that lies west of Greenwich.
    """
    if values.is_blank(latitude) or values.is_blank(longitude):
        return Place(CoordStatus.MISSING)
    lat, lon = values.decimal(latitude), values.decimal(longitude)
    if lat is None or lon is None:
        return Place(CoordStatus.UNPARSEABLE)
    zeros = (abs(lat) < _NOTHING) + (abs(lon) < _NOTHING)
    if zeros == _BOTH:
        return Place(CoordStatus.ZERO)
    if zeros and _WORLD.holds(lat, lon):
        return Place(CoordStatus.SUSPECT, lat, lon)
    return _judged(lat, lon, is_us, placing)


def is_us(country: str | None, state: str | None, zip_code: str | None) -> bool:
    """Whether an address is in the United States, and west of Greenwich; without a country its ZIP code says so."""
    at_home = country.upper() in _US if country else zip_code is not None
    return at_home and not (zip_code or "").startswith(_EASTERN_ZIP) and state not in _EASTERN_STATES


def _judged(lat: float, lon: float, us: bool, placing: Placing) -> Place:
    area = placing.box or _WORLD
    if area.holds(lat, lon) and not (us and lon > 0 and placing.box is None):
        return Place(CoordStatus.OK, lat, lon)
    if not area.holds(lat, lon) and area.holds(lon, lat):
        return _fixed(CoordStatus.SWAPPED, lon, lat, placing)
    if not _WORLD.holds(lat, lon):
        return Place(CoordStatus.OUT_OF_RANGE)
    for other_lat, other_lon in _other_signs(lat, lon):
        if placing.box is not None and placing.box.holds(other_lat, other_lon):
            return _fixed(CoordStatus.SIGN, other_lat, other_lon, placing)
    if us and lon > 0:
        return Place(CoordStatus.SIGN)
    return Place(CoordStatus.SUSPECT, lat, lon)


def _fixed(status: CoordStatus, lat: float, lon: float, placing: Placing) -> Place:
    return Place(status, lat, lon, fixed=True) if placing.fix else Place(status)


def _other_signs(lat: float, lon: float) -> Iterator[tuple[float, float]]:
    yield lat, -lon
    yield -lat, lon
    yield -lat, -lon
