"""``ctvpipe directory quality`` and ``explain``: how good the records of silver are, and why one is as it is."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ctvpipe.cli import complete, listing, output
from ctvpipe.core.errors import ConfigurationError

if TYPE_CHECKING:
    from ctvpipe.pipelines.directory.explaining import Explained, Explanation
    from ctvpipe.pipelines.directory.quality import Quality

TABLES = "departments, groups, users"
_MOST_SHOWN = 60
Json = Annotated[bool, typer.Option("--json", help="Print a JSON document.")]


def quality(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            help=f"Only one of: {TABLES}.",
            show_default=False,
            autocompletion=complete.among(TABLES),
        ),
    ] = "",
    worst: Annotated[int, typer.Option("--worst", metavar="N", min=0, help="How many records are named.")] = 10,
    as_json: Json = False,
) -> None:
    """Show how many records have which score, what is most often wrong with them, and which are the worst."""
    from ctvpipe.pipelines.directory import people
    from ctvpipe.pipelines.directory import quality as scores

    names = _tables(table)
    with people.reading() as connection:
        found = {name: scores.quality(connection, name, most=worst) for name in names}
    if as_json:
        listing.document({name: asdict(one) for name, one in found.items()})
        return
    for number, (name, one) in enumerate(found.items()):
        if number:
            output.say()
        _show_quality(name, one)


def explain(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="A department's number, a person's uniqname, or a group's name.")
    ],
    table: Annotated[
        str,
        typer.Option(
            "--table", metavar="TABLE", help=f"Look only in one of: {TABLES}.", autocompletion=complete.among(TABLES)
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Show what the sources have of a record, and why each of its fields has its value."""
    from ctvpipe.pipelines.directory import explaining, people

    with people.reading() as connection:
        found = {name: made for name in _tables(table) if (made := explaining.explain(connection, name, key))}
    if not found:
        raise ConfigurationError("neither a source nor silver has that", "See 'ctvpipe directory explain --help'.")
    if as_json:
        listing.document({name: _plain(asdict(one)) for name, one in found.items()})
        return
    for number, (name, one) in enumerate(found.items()):
        if number:
            output.say()
        _show(name, one)


def _tables(only: str) -> list[str]:
    from ctvpipe.pipelines.directory.transforming import ENTITIES

    if only and only not in ENTITIES:
        raise ConfigurationError(f"there is no table called {only!r}", f"The tables are: {', '.join(ENTITIES)}.")
    return [only] if only else list(ENTITIES)


def _show_quality(name: str, found: Quality) -> None:
    output.say(output.coloured(f"{name}: {found.records:,} records", "bold"))
    for band, count in found.bands.items():
        share = f"{count / found.records:7.1%}" if found.records else ""
        output.say(f"  {band:<13}{count:>10,} {share}".rstrip())
    if found.flags:
        output.say()
        listing.rows(
            ("  FLAG", "RECORDS"), [(f"  {flag}", f"{count:,}") for flag, count in found.flags.items()], right=(1,)
        )
    if found.worst:
        output.say()
        cells = [(f"  {one.key}", f"{one.score:.2f}", ", ".join(one.flags)) for one in found.worst]
        listing.rows(("  WORST", "SCORE", "FLAGS"), cells)
    if found.refused_count:
        output.say()
        listing.rows((f"  REFUSED ({found.refused_count:,})", "WHY"), [(f"  {key}", why) for key, why in found.refused])


def _show(name: str, found: Explanation) -> None:
    output.say(output.coloured(f"{name}: {listing.plain(found.key)}", "bold"))
    if found.row is None:
        output.say("Silver has no such record.")
    else:
        flags = ", ".join(f"{flag} (-{cost:.2f})" if cost else flag for flag, cost in found.deductions)
        output.say(f"Score    {found.row['data_quality_score']:.2f}{': ' if flags else ''}{flags}")
        output.say(f"Sources  {found.row['source_system']}; last written {found.row['updated_at']:%Y-%m-%d %H:%M} UTC")
    if found.refused:
        output.say(f"Refused  {found.refused}")
    output.say()
    cells = [
        (
            one.source_system,
            one.entity_type,
            one.external_id,
            one.raw_id,
            f"{one.ingested_at:%Y-%m-%d %H:%M}",
            "gone" if one.is_gone else "" if one.counts else "does not count",
        )
        for one in found.versions
    ]
    listing.rows(("SOURCE", "WHAT", "ID", "VERSION", "INGESTED (UTC)", ""), cells)
    output.say()
    listing.rows(("FIELD", "VALUE", "FROM", "OTHERS"), [_field(one) for one in found.fields])


def _field(one: Explained) -> tuple[str, ...]:
    """A line of the table of fields: what it is, where that is from, and what else there is to say."""
    from ctvpipe.pipelines.directory.explaining import PRECEDENCE

    winner = next((found for found in one.candidates if found.wins), None)
    others = [
        f"{found.source} {found.field}: {_shown(found.value)}"
        for found in one.candidates
        if not found.wins and found.value is not None
    ]
    if winner is not None:
        origin = f"{winner.source} {winner.field}"
    elif one.value is None:
        origin = ""
    else:
        origin = one.says if one.says != PRECEDENCE else "no source: by default"
    return one.column, _shown(one.value), origin, "; ".join([*others, *one.notes])


def _shown(value: Any) -> str:
    """A value as a table has it; the JSON document has all of it."""
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case datetime():
            return value.isoformat()
    return value
