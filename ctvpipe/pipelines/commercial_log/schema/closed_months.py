"""Triggers of migration 0001: a closed month's spots cannot be touched, and a closure is for good (facts 3.6)."""

from __future__ import annotations

from typing import Any

_SQLITE_EVENTS = {
    "insert": ("INSERT", "NEW.broadcast_month"),
    "update": ("UPDATE", "OLD.broadcast_month, NEW.broadcast_month"),
    "delete": ("DELETE", "OLD.broadcast_month"),
}

# "OR REPLACE" removes the row that is in the way without asking the trigger for deletions.
_SQLITE_REPLACED = (
    " OR EXISTS (SELECT 1 FROM spots s JOIN month_closures c ON c.broadcast_month = s.broadcast_month"
    " WHERE s.spot_id = NEW.spot_id)"
)

_POSTGRESQL = (
    """
    CREATE FUNCTION refuse_closed_month() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM changed JOIN month_closures USING (broadcast_month)) THEN
            RAISE EXCEPTION 'the month is closed';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'closed months are protected';
    END $$
    """,
    """
    CREATE TRIGGER spots_closed_insert AFTER INSERT ON spots
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_month()
    """,
    """
    CREATE TRIGGER spots_closed_update_old AFTER UPDATE ON spots
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_month()
    """,
    """
    CREATE TRIGGER spots_closed_update_new AFTER UPDATE ON spots
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_month()
    """,
    """
    CREATE TRIGGER spots_closed_delete AFTER DELETE ON spots
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_month()
    """,
    "CREATE TRIGGER spots_truncate BEFORE TRUNCATE ON spots FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate()",
    """
    CREATE TRIGGER closures_permanent BEFORE UPDATE OR DELETE OR TRUNCATE ON month_closures
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate()
    """,
)


def create(op: Any) -> None:
    """Create the triggers in the dialect of Alembic's operations ``op``."""
    if op.get_bind().dialect.name == "postgresql":
        for statement in _POSTGRESQL:
            op.execute(statement)
        return
    for name, (event, months) in _SQLITE_EVENTS.items():
        replaced = "" if event == "DELETE" else _SQLITE_REPLACED
        op.execute(
            f"CREATE TRIGGER spots_closed_{name} BEFORE {event} ON spots"  # noqa: S608  (constants above)
            f" WHEN EXISTS (SELECT 1 FROM month_closures WHERE broadcast_month IN ({months})){replaced}"
            " BEGIN SELECT RAISE(ABORT, 'the month is closed'); END"
        )
    op.execute(
        "CREATE TRIGGER closures_permanent_insert BEFORE INSERT ON month_closures"
        " WHEN EXISTS (SELECT 1 FROM month_closures WHERE broadcast_month = NEW.broadcast_month)"
        " BEGIN SELECT RAISE(ABORT, 'the month is closed already'); END"
    )
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER closures_permanent_{event.lower()} BEFORE {event} ON month_closures"
            " BEGIN SELECT RAISE(ABORT, 'closed months stay closed'); END"
        )
