"""Customers, agencies and aliases, which only people make (facts 3.8). Runs in the caller's transaction.

Whatever is made takes effect at once on the rows of all open months, and nothing is made that would have none.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from ctvpipe.core.errors import ConfigurationError, ContractError
from ctvpipe.pipelines.commercial_log import billcode, identities, names

_OPEN = "broadcast_month NOT IN (SELECT broadcast_month FROM month_closures)"


@dataclass(frozen=True)
class Kind:
    """One of the two kinds of name that rows refer to: its word, table and columns."""

    word: str
    table: str
    key: str
    name: str


CUSTOMER = Kind("customer", "customers", "customer_id", "normalized_name")
AGENCY = Kind("agency", "agencies", "agency_id", "agency_name")


@dataclass(frozen=True)
class Effect:
    """What became of the rows of open months: how many got their first match of this kind, how many changed in all."""

    matched: int
    changed: int


@dataclass(frozen=True)
class Added:
    """The new customer, the agency it belongs to, whether that one is new too."""

    name: str
    agency: str | None
    new_agency: bool
    effect: Effect


@dataclass(frozen=True)
class Aliased:
    """What the text means now; ``effect`` is ``None`` when it meant it before."""

    text: str
    target: str
    effect: Effect | None


def normalized(name: str) -> str:
    """A customer's name as bill codes are compared with it.

    Raises ``ConfigurationError`` for one that no bill code can lead to, and says the one it would lead to.
    """
    tidied = names.tidy(name)
    parsed = billcode.parse(tidied)
    if parsed is None or not tidied.isprintable():
        raise ConfigurationError(f"{name!r} names no customer", "Write CUSTOMER, or AGENCY:CUSTOMER.")
    if parsed.qualified != tidied:
        raise ConfigurationError(
            f"{tidied!r} is not what a bill code leads to; that is {parsed.qualified!r}",
            f"Add {parsed.qualified!r}, or make an alias: ctvpipe customers alias",
        )
    return tidied


def add(
    connection: sa.Connection,
    name: str,
    *,
    by: str,
    agency: str | None = None,
    new_agency: bool = False,
    sector: str | None = None,
) -> Added:
    """Make the customer ``name`` and bring the rows of open months to it.

    ``agency``: the name of its agency, or an alias; with ``new_agency`` it is made. Without it, the first part of an
    agency-qualified name counts where it is known. Raises ``ContractError`` when the name is taken,
    ``ConfigurationError`` for an unknown agency or sector.
    """
    wanted = normalized(name)
    _require_free(connection, CUSTOMER, wanted)
    directory = identities.Directory.load(connection)
    if new_agency and agency is None:
        raise ConfigurationError("--new-agency: which one?", "Name it: --agency NAME --new-agency")
    if agency is not None and new_agency:
        agency_id: int | None = _new_agency(connection, agency, by)
    elif agency is not None:
        agency_id = _known_agency(connection, directory, agency)
    else:
        agency_id = directory.resolve(wanted).agency_id
    customer_id = connection.execute(
        sa.text(
            "INSERT INTO customers (normalized_name, sector_id, agency_id, created_by)"
            " VALUES (:name, :sector, :agency, :by) RETURNING customer_id"
        ),
        {"name": wanted, "sector": _sector(connection, sector), "agency": agency_id, "by": by},
    ).scalar_one()
    _require_meaning(connection, CUSTOMER, wanted, customer_id)
    return Added(wanted, _name_of(connection, AGENCY, agency_id), new_agency, _align(connection, CUSTOMER))


def alias(connection: sa.Connection, text: str, target: str, *, kind: Kind, by: str) -> Aliased:
    """Make ``text`` mean the existing customer or agency ``target``, and bring the rows of open months to it.

    ``text`` of a customer may be a bill code as written, a qualified or a bare name. Raises ``ContractError`` when it
    means another one already, ``ConfigurationError`` for an unknown target or a text that no bill code can hold.
    """
    wanted = names.tidy(text)
    if not wanted or not wanted.isprintable() or (kind is AGENCY and ":" in wanted):
        raise ConfigurationError(f"{text!r} is not a name that a bill code can hold", "Write it as the bill codes do.")
    target_id = _target(connection, kind, target)
    name = _name_of(connection, kind, target_id) or target
    now = _meaning(identities.Directory.load(connection), kind, wanted)
    if now == target_id:
        return Aliased(wanted, name, None)
    if now is not None:
        raise ContractError(
            f"{wanted!r} already means the {kind.word} {_name_of(connection, kind, now)!r}",
            "A text has one meaning; nothing was changed.",
        )
    _require_free(connection, kind, wanted)
    connection.execute(
        sa.text(
            "INSERT INTO entity_aliases (alias_name, entity_type, target_entity_id, created_by)"
            " VALUES (:text, :kind, :target, :by)"
        ),
        {"text": wanted, "kind": kind.word, "target": target_id, "by": by},
    )
    _require_meaning(connection, kind, wanted, target_id)
    return Aliased(wanted, name, _align(connection, kind))


def _align(connection: sa.Connection, kind: Kind) -> Effect:
    open_months = connection.execute(sa.text(f"SELECT DISTINCT broadcast_month FROM spots WHERE {_OPEN}"))  # noqa: S608
    before = _without(connection, kind)
    changed = identities.align(connection, identities.Directory.load(connection), list(open_months.scalars())).corrected
    return Effect(before - _without(connection, kind), changed)


def _without(connection: sa.Connection, kind: Kind) -> int:
    sql = sa.text(f"SELECT count(*) FROM spots WHERE {kind.key} IS NULL AND {_OPEN}")  # noqa: S608
    return int(connection.execute(sql).scalar_one())


def _meaning(directory: identities.Directory, kind: Kind, text: str) -> int | None:
    """The id of what ``text`` means in a bill code."""
    if kind is CUSTOMER:
        return directory.resolve(text).customer_id
    return directory.resolve(f"{text}:any").agency_id


def _require_meaning(connection: sa.Connection, kind: Kind, text: str, expected: int) -> None:
    """Nothing is kept that another name would overrule."""
    meaning = _meaning(identities.Directory.load(connection), kind, text)
    if meaning != expected:
        instead = f"the {kind.word} {_name_of(connection, kind, meaning)!r}" if meaning else f"no {kind.word}"
        raise ContractError(f"{text!r} would still mean {instead}; nothing was changed", "Choose the name that counts.")


def _require_free(connection: sa.Connection, kind: Kind, name: str) -> None:
    """Raise ``ContractError`` when ``name`` is a name or an alias already, switched off or not."""
    wanted = names.folded(name)
    for other, active in connection.execute(sa.text(f"SELECT {kind.name}, is_active FROM {kind.table}")):  # noqa: S608
        if names.folded(other) == wanted:
            state = "exists already" if active else "exists, but is switched off"
            raise ContractError(
                f"the {kind.word} {other!r} {state}", f"Nothing was changed; see the table {kind.table}."
            )
    aliases = sa.text("SELECT alias_name, target_entity_id, is_active FROM entity_aliases WHERE entity_type = :kind")
    for other, target, active in connection.execute(aliases, {"kind": kind.word}):
        if names.folded(other) == wanted:
            state = "" if active else ", switched off"
            raise ContractError(
                f"{other!r} is an alias of the {kind.word} {_name_of(connection, kind, target)!r} already{state}",
                "Nothing was changed; see the table entity_aliases.",
            )


def _target(connection: sa.Connection, kind: Kind, name: str) -> int:
    rows = connection.execute(
        sa.text(f"SELECT {kind.name}, {kind.key} FROM {kind.table} WHERE is_active")  # noqa: S608
    ).all()
    known = {names.folded(other): number for other, number in rows}
    found = known.get(names.folded(name))
    if found is None:
        raise _unknown(kind, name, [other for other, _ in rows])
    return int(found)


def _known_agency(connection: sa.Connection, directory: identities.Directory, name: str) -> int:
    found = None if ":" in name else _meaning(directory, AGENCY, name)
    return _target(connection, AGENCY, name) if found is None else found


def _new_agency(connection: sa.Connection, name: str, by: str) -> int:
    wanted = names.tidy(name)
    parsed = billcode.parse(f"{wanted}:any")
    if parsed is None or parsed.agencies != (wanted,) or not wanted.isprintable():
        raise ConfigurationError(
            f"{name!r} is not an agency's name in a bill code", "Write what stands before the colon."
        )
    _require_free(connection, AGENCY, wanted)
    number = connection.execute(
        sa.text("INSERT INTO agencies (agency_name, notes) VALUES (:name, :note) RETURNING agency_id"),
        {"name": wanted, "note": f"added by {by}"},
    ).scalar_one()
    _require_meaning(connection, AGENCY, wanted, number)
    return int(number)


def _sector(connection: sa.Connection, code: str | None) -> int | None:
    if code is None:
        return None
    rows = connection.execute(
        sa.text("SELECT sector_code, sector_id FROM sectors WHERE is_active ORDER BY sector_id")
    ).all()
    found = {known.casefold(): number for known, number in rows}.get(code.strip().casefold())
    if found is None:
        raise ConfigurationError(
            f"there is no sector {code!r}", f"The sectors are: {', '.join(known for known, _ in rows)}."
        )
    return int(found)


def _name_of(connection: sa.Connection, kind: Kind, number: int | None) -> str | None:
    if number is None:
        return None
    sql = sa.text(f"SELECT {kind.name} FROM {kind.table} WHERE {kind.key} = :number")  # noqa: S608
    return connection.execute(sql, {"number": number}).scalar()


def _unknown(kind: Kind, name: str, known: list[str]) -> ConfigurationError:
    similar = names.Similar(known).to(name)
    if similar:
        advice = f"Similar: {', '.join(map(repr, similar))}."
    elif kind is AGENCY:
        advice = "A new one is made with --agency NAME --new-agency in 'ctvpipe customers add'."
    else:
        advice = "A new one is made with 'ctvpipe customers add'."
    return ConfigurationError(f"there is no {kind.word} {name!r}", advice)
