"""Points that look wrong beside the others: rules without a database (facts 6, pitfalls)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from statistics import median
from typing import NamedTuple

_EARTH_KM = 6371.0088
_FAR_KM = 40.0  # from the middle of its ZIP code's customers; few ZIP codes are wider
_ENOUGH = 5  # of a ZIP code, to say where it is
_MANY = 10  # different addresses at one point are no houses


class Point(NamedTuple):
    """Where a customer is, in degrees; ``address`` tells one house from another."""

    customer_id: int
    zip: str | None
    address: str | None
    latitude: float
    longitude: float


def kilometres(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """The distance of two points on a sphere, by the haversine formula."""
    north, other_north = math.radians(latitude), math.radians(other_latitude)
    across = math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    along = math.sin((other_north - north) / 2) ** 2
    chord = along + math.cos(north) * math.cos(other_north) * across
    return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, chord)))


def far_from_zip(points: Iterable[Point]) -> list[int]:
    """The customers far from where most customers of their ZIP code are."""
    by_zip: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        if point.zip:
            by_zip[point.zip].append(point)
    found = []
    for near in by_zip.values():
        if len(near) >= _ENOUGH:
            middle = median(point.latitude for point in near), median(point.longitude for point in near)
            found += [
                point.customer_id for point in near if kilometres(point.latitude, point.longitude, *middle) > _FAR_KM
            ]
    return sorted(found)


def at_one_point(points: Iterable[Point]) -> list[int]:
    """The customers of many different addresses at one point, which is then the middle of a ZIP code or a town."""
    by_place: dict[tuple[float, float], list[Point]] = defaultdict(list)
    for point in points:
        by_place[point.latitude, point.longitude].append(point)
    crowds = (here for here in by_place.values() if len({point.address for point in here}) >= _MANY)
    return sorted(point.customer_id for here in crowds for point in here)
