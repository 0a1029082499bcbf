"""What SQLite and PostgreSQL write differently, as functions of expressions that each store compiles its own way.

A function that SQLite has not got is Python's there, called from within the statement: see ``prepare``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from ctvpipe.pipelines.directory.schema.tables import JSON
from ctvpipe.stores.bulk import qualified
from ctvpipe.stores.engine import is_sqlite

Expression = sa.ColumnElement[Any]
Function = Callable[..., Expression]
Text = Callable[..., str]

BLANKS = " \t\n\r\f\v"
BLANKS_ESCAPED = r" \t\n\r\f\x0b"
_BLANKS_SQLITE = f"char({', '.join(str(ord(blank)) for blank in BLANKS)})"


def function(name: str, type_: sa.types.TypeEngine[Any], *, postgresql: Text, sqlite: Text | None = None) -> Function:
    """A function of the type ``type_``.

    ``postgresql``, ``sqlite``: from the text of its arguments to its own; by default SQLite calls it by its name.
    """
    made: Any = type(name, (FunctionElement,), {"name": name, "inherit_cache": True, "type": type_})
    texts = {"postgresql": postgresql, "sqlite": sqlite or (lambda *given: f"{name}({', '.join(given)})")}
    for dialect, text in texts.items():
        compiles(made, dialect)(_compiled(text))
    found: Function = made
    return found


def _compiled(text: Text) -> Callable[..., str]:
    def compiled(element: Any, compiler: Any, **options: Any) -> str:
        return text(*(compiler.process(one, **options) for one in element.clauses))

    return compiled


def prepare(connection: sa.Connection, functions: Iterable[tuple[str, Callable[..., Any]]]) -> None:
    """Let SQLite call ``functions``, by name. PostgreSQL is not to compile what is done before it is compiled."""
    if is_sqlite(connection):
        driver: Any = connection.connection.driver_connection
        for name, python in functions:
            driver.create_function(name, -1, python, deterministic=True)
    else:
        connection.exec_driver_sql("SET jit = off")


def analyze(connection: sa.Connection, *tables: sa.Table) -> None:
    """Let PostgreSQL look at ``tables`` after a first load, which it would plan for as for empty ones: at the columns that
    have an index, and at how many rows there are.
    """
    if not is_sqlite(connection):
        for table in tables:
            indexed = [*table.primary_key.columns, *(column for index in table.indexes for column in index.columns)]
            names = ", ".join(dict.fromkeys(column.name for column in indexed))
            connection.exec_driver_sql(f"ANALYZE {qualified(connection, table)} ({names})")


def _text_sqlite(data: str, name: str) -> str:
    def scalar(place: str, otherwise: str) -> str:
        path = f"'$.\"{name[1:-1]}\"{place}'"
        truth = "WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'"
        plain = f"CAST({data} ->> {path} AS TEXT)"
        return f"CASE json_type({data}, {path}) {truth} WHEN 'object' THEN NULL WHEN 'array' THEN {otherwise} ELSE {plain} END"

    return f"nullif(trim({scalar('', scalar('[0]', 'NULL'))}, {_BLANKS_SQLITE}), '')"


_text_of = function(
    "payload_text",
    sa.Text(),
    postgresql=lambda data, name: f"nullif(btrim({data} -> {name} ->> 0, E'{BLANKS_ESCAPED}'), '')",
    sqlite=_text_sqlite,
)
_part_of = function(
    "payload_part",
    JSON,
    postgresql=lambda data, name: f"({data} -> {name})",
    sqlite=lambda data, name: f"({data} -> '$.\"{name[1:-1]}\"')",
)


def payload_text(data: Expression, name: str) -> Expression:
    """The field ``name`` of a payload as text without blanks around it; of a list the first; none where it is empty."""
    return _text_of(data, sa.literal_column(f"'{name}'"))


def payload_part(data: Expression, name: str) -> Expression:
    """The field ``name`` of a payload, as JSON."""
    return _part_of(data, sa.literal_column(f"'{name}'"))


# An aggregate: values as a list. None where there are none: ``or_no_list``.
gathered = function(
    "gathered", JSON, postgresql=lambda value: f"jsonb_agg({value})", sqlite=lambda value: f"json_group_array({value})"
)
# An aggregate: texts as a list, each once, in the order of their letters.
sorted_texts = function(
    "sorted_texts",
    JSON,
    postgresql=lambda value: f'jsonb_agg(DISTINCT {value} COLLATE "C")',
    sqlite=lambda value: f"ctv_sorted(json_group_array({value}))",
)
or_no_list = function(
    "or_no_list",
    JSON,
    postgresql=lambda value: f"coalesce({value}, CAST('[]' AS jsonb))",
    sqlite=lambda value: f"coalesce({value}, '[]')",
)
length = function(
    "length",
    sa.Integer(),
    postgresql=lambda value: f"jsonb_array_length({value})",
    sqlite=lambda value: f"json_array_length({value})",
)
# The texts of a list, or of the one text that stands for itself, a row each: column ``value``.
_each = function(
    "each",
    sa.Text(),
    postgresql=lambda value: (
        f"jsonb_array_elements_text(CASE jsonb_typeof({value}) WHEN 'array' THEN {value} ELSE jsonb_build_array({value}) END)"
    ),
    sqlite=lambda value: f"json_each({value})",
)
# The pairs of an object of texts, a row each: columns ``key`` and ``value``.
_pairs = function(
    "pairs",
    sa.Text(),
    postgresql=lambda value: f"jsonb_each_text(CAST({value} AS jsonb))",
    sqlite=lambda value: f"json_each({value})",
)
_filled_object = function(
    "filled_object",
    JSON,
    postgresql=lambda *pairs: f"jsonb_strip_nulls(jsonb_build_object({', '.join(pairs)}))",
    sqlite=lambda *pairs: f"json_patch('{{}}', json_object({', '.join(pairs)}))",
)
# The texts that are not null, as a list.
texts = function(
    "texts",
    JSON,
    postgresql=lambda *values: f"to_jsonb(array_remove(ARRAY[{', '.join(values)}], NULL))",
    sqlite=lambda *values: f"ctv_texts({', '.join(values)})",
)
is_empty = function(
    "is_empty",
    sa.Boolean(),
    postgresql=lambda value: f"({value} IN ('{{}}', '[]'))",
    sqlite=lambda value: f"({value} IN ('{{}}', '[]'))",
)
# An instant as a text that is the same on both stores.
stamp = function(
    "stamp",
    sa.Text(),
    postgresql=lambda value: f"to_char({value} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
    sqlite=lambda value: value,
)


def filled_object(parts: Mapping[str, Expression]) -> Expression:
    """An object of ``parts``, without those that are null."""
    pairs = [one for name, value in parts.items() for one in (sa.literal_column(f"'{name}'"), value)]
    return _filled_object(*pairs)


def joined(parts: Sequence[Expression], between: str = "") -> Expression:
    """Texts one after the other; none where one of them is."""
    found, *others = parts
    for part in others:
        found = found + between + part if between else found + part
    return found


def each(texts: Expression, name: str) -> sa.TableValuedAlias:
    """A row for each text of a list, or for the one that stands for itself, as the table ``name`` with the column ``value``."""
    made: Any = _each(texts)
    found: sa.TableValuedAlias = made.table_valued("value", name=name)
    return found


def pairs(object_: Expression, name: str) -> sa.TableValuedAlias:
    """A row for each pair of an object, as the table ``name`` with the columns ``key`` and ``value``."""
    made: Any = _pairs(object_)
    found: sa.TableValuedAlias = made.table_valued("key", "value", name=name)
    return found
