"""Who enabled a circuit: the person it was assigned to (facts 7.4). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from ctvpipe.pipelines.circuits import site_names
from ctvpipe.pipelines.circuits.transitions import Enablement

UNKNOWN = "Unknown"


class Assignment(NamedTuple):
    """An active assignment: of one circuit, or of a whole site where neither site id nor purpose is given."""

    site_name: str
    site_id: str | None
    circuit_purpose: str
    assigned_to: str
    assignment_date: date
    updated_at: datetime
    id: int


class Attribution:
    """Finds the assignee of an enablement; where several assignments fit equally well the newest counts.

    One that names another circuit of the same site does not fit.
    """

    def __init__(self, assignments: Iterable[Assignment]) -> None:
        self._by_id: dict[str, str] = {}
        self._by_circuit: dict[tuple[str, str], str] = {}
        self._by_site: dict[str, str] = {}
        for one in sorted(assignments, key=lambda each: each[-3:]):
            site = site_names.comparable_site(one.site_name)
            if one.site_id:
                self._by_id[site_names.normal_site_id(one.site_id)] = one.assigned_to
            if one.circuit_purpose:
                self._by_circuit[site, one.circuit_purpose] = one.assigned_to
            elif not one.site_id:
                self._by_site[site] = one.assigned_to

    def of(self, enablement: Enablement, stored: str | None = None) -> str:
        """The assignee, ``Unknown`` if there is none; ``stored``: whom the circuit itself names (``assigned_to``)."""
        state = enablement.after
        site, purpose = site_names.comparable_site(state.site_name), state.circuit_purpose or ""
        return (
            self._by_id.get(enablement.site_id)
            or self._by_circuit.get((site, purpose))
            or self._by_site.get(site)
            or stored
            or state.assigned_to
            or UNKNOWN
        )
