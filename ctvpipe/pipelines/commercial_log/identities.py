"""Which customer and agency a bill code means: agency-qualified name, then bare name, then alias (facts 3.8).

Names are compared without regard to case. The import creates markets, never customers or agencies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from ctvpipe.pipelines.commercial_log import billcode
from ctvpipe.pipelines.commercial_log.names import folded


@dataclass(frozen=True)
class Identity:
    """The ids a bill code resolves to; ``None`` where nothing matches. ``names_agency``: whether it names one."""

    customer_id: int | None
    agency_id: int | None
    names_agency: bool = field(default=False, compare=False)


class Directory:
    """The known customers, agencies and aliases; resolves each bill code once."""

    def __init__(
        self,
        customers: Mapping[str, int],
        agencies: Mapping[str, int],
        customer_aliases: Mapping[str, int],
        agency_aliases: Mapping[str, int],
    ) -> None:
        self._customers, self._agencies = _by_folded(customers), _by_folded(agencies)
        self._customer_aliases, self._agency_aliases = _by_folded(customer_aliases), _by_folded(agency_aliases)
        self._names = {agency_id: name for name, agency_id in agencies.items()}
        self._resolved: dict[str, Identity] = {}

    @classmethod
    def load(cls, connection: sa.Connection) -> Directory:
        """The active entries of the database; an alias counts only while its target is active.

        Of names that differ only in case, the one that was there first counts.
        """

        def names(sql: str) -> dict[str, int]:
            return {str(name): int(number) for name, number in connection.execute(sa.text(sql))}

        alias = (
            "SELECT alias_name, target_entity_id FROM entity_aliases a JOIN {table} t ON t.{key} = a.target_entity_id"
            " WHERE a.entity_type = '{kind}' AND a.is_active AND t.is_active ORDER BY a.alias_id DESC"
        )
        return cls(
            names("SELECT normalized_name, customer_id FROM customers WHERE is_active ORDER BY customer_id DESC"),
            names("SELECT agency_name, agency_id FROM agencies WHERE is_active ORDER BY agency_id DESC"),
            names(alias.format(table="customers", key="customer_id", kind="customer")),
            names(alias.format(table="agencies", key="agency_id", kind="agency")),
        )

    def resolve(self, bill_code: str) -> Identity:
        """The identity of a bill code as the workbook writes it."""
        identity = self._resolved.get(bill_code)
        if identity is None:
            identity = self._resolved[bill_code] = self._look_up(bill_code)
        return identity

    def _look_up(self, bill_code: str) -> Identity:
        parsed = billcode.parse(bill_code)
        if parsed is None:
            return Identity(self._customer_aliases.get(folded(bill_code)), None)
        agencies = [self._agency(name) for name in parsed.agencies]
        canonical = [
            name if number is None else self._names.get(number, name)
            for number, name in zip(agencies, parsed.agencies, strict=True)
        ]
        qualified = ":".join((*canonical, parsed.customer))
        customer = next(
            (
                found
                for table, name in (
                    (self._customers, qualified),
                    (self._customers, parsed.qualified),
                    (self._customers, parsed.customer),
                    (self._customer_aliases, bill_code),
                    (self._customer_aliases, parsed.qualified),
                    (self._customer_aliases, parsed.customer),
                )
                if (found := table.get(folded(name))) is not None
            ),
            None,
        )
        return Identity(customer, agencies[0] if agencies else None, bool(agencies))

    def _agency(self, name: str) -> int | None:
        wanted = folded(name)
        return self._agencies.get(wanted, self._agency_aliases.get(wanted))


def _by_folded(names: Mapping[str, int]) -> dict[str, int]:
    return {folded(name): number for name, number in names.items()}


@dataclass(frozen=True)
class Alignment:
    """What ``align`` found: spots corrected, spots without customer, spots without the agency they name."""

    corrected: int = 0
    without_customer: int = 0
    without_agency: int = 0


def align(connection: sa.Connection, directory: Directory, open_months: Iterable[str]) -> Alignment:
    """Bring customer and agency of the spots of ``open_months`` to what their bill codes mean now.

    Needed because people add customers and aliases between two runs, for rows that do not change. The caller names
    open months only; the database refuses closed ones.
    """
    wanted = list(open_months)
    if not wanted:
        return Alignment()
    months: sa.BindParameter[str] = sa.bindparam("months", wanted, expanding=True)
    seen = connection.execute(
        sa.text(
            "SELECT bill_code, customer_id, agency_id, count(*) FROM spots WHERE broadcast_month IN :months"
            " GROUP BY bill_code, customer_id, agency_id"
        ).bindparams(months)
    ).all()
    corrected = no_customer = no_agency = 0
    for code, customer, agency, count in seen:
        identity = directory.resolve(code)
        no_customer += count * (identity.customer_id is None)
        no_agency += count * (identity.agency_id is None and identity.names_agency)
        if (customer, agency) != (identity.customer_id, identity.agency_id):
            corrected += connection.execute(
                sa.text(
                    "UPDATE spots SET customer_id = :customer, agency_id = :agency WHERE bill_code = :code"
                    " AND broadcast_month IN :months AND customer_id IS NOT DISTINCT FROM :was_customer"
                    " AND agency_id IS NOT DISTINCT FROM :was_agency"
                ).bindparams(months),
                {
                    "customer": identity.customer_id,
                    "agency": identity.agency_id,
                    "code": code,
                    "was_customer": customer,
                    "was_agency": agency,
                },
            ).rowcount
    return Alignment(corrected, no_customer, no_agency)
