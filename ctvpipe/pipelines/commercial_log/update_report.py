"""What the daily update says: in its log, in the ledger, at the prompt (facts 3.14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctvpipe.core.run import Run
from ctvpipe.pipelines.commercial_log import planning
from ctvpipe.pipelines.commercial_log.columns import POSITION, letter
from ctvpipe.pipelines.commercial_log.reading import Log

if TYPE_CHECKING:
    from ctvpipe.pipelines.commercial_log import applying

_MONTHS_SHOWN = 5


def reading(run: Run, log: Log) -> None:
    """Report what the workbook held; unreadable cells are listed with row and column."""
    counts = log.counts
    run.log.info("Read: %d rows, %d of them to store; left out: %s", counts["read"], counts["stored"], left_out(log))
    for remark in log.remarks:
        run.warn(remark)
    for field, count in sorted(log.outside_domain.items()):
        run.log.info("Outside its domain: %s in %d rows, stored as empty", field, count)
    for problem in log.problems:
        run.log.warning("Cannot be read: %s", problem)
    if unreadable := sum(log.unreadable.values()):
        fields = ", ".join(f"{field} {count}" for field, count in sorted(log.unreadable.items()))
        run.warn(f"{unreadable} cells cannot be read ({fields}); the first is {log.problems[0]}")
    if rejected := counts["rejected"]:
        run.fail_unit(
            f"{rejected} rows cannot be stored, a required cell cannot be read: the first is {log.rejected[0]}"
        )
    for name in ("read", "trade", "blank", "rejected"):
        run.count(name, counts[name])
    run.count("unreadable", unreadable)


def left_out(log: Log) -> str:
    """The rows that are not stored, counted by reason."""
    counts, letters = log.counts, {name: letter(position) for name, position in POSITION.items()}
    return (
        f"{counts['trade']} Trade, {counts['without_bill_code']} without bill code (column {letters['bill_code']}), "
        f"{counts['without_month']} without month (column {letters['broadcast_month']}), "
        f"{counts['without_air_date']} without date (column {letters['air_date']})"
    )


def plan(run: Run, planned: applying.Planned) -> None:
    """Report the months and what will happen to them."""
    made = planned.plan
    run.log.info("Months in the file: %d open, %d closed", len(made.months), len(made.closed))
    if len(made.months) <= _MONTHS_SHOWN:
        for month in made.months:
            run.log.info(
                "%s: %d rows, %d new, %d gone, %d unchanged",
                month.month,
                month.in_file,
                len(month.insert),
                len(month.delete),
                month.unchanged,
            )
    if made.closed:
        shown = ", ".join(sorted(made.closed)) if len(made.closed) <= _MONTHS_SHOWN else f"{len(made.closed)} months"
        run.log.info("Closed, left as they are: %s (%d rows of the file ignored)", shown, made.filtered)
    for market in planned.new_markets:
        run.log.info("New market: %s (%s), on air since %s", market.code, market.name, market.earliest)


def difference(made: planning.Plan) -> str:
    """The difference in words."""
    return f"{made.inserts} new and {made.deletes} gone rows, {made.unchanged} unchanged, in {len(made.months)} open months"


def question(planned: applying.Planned) -> str:
    """What is asked at the prompt."""
    made = planned.plan
    return (
        f"{len(made.months)} open months: {made.deletes} rows go, {made.inserts} come, {made.unchanged} stay. "
        f"{len(planned.new_markets)} new markets. {len(made.closed)} closed months are preserved. Go on?"
    )


def done(run: Run, planned: applying.Planned, applied: applying.Applied) -> None:
    """Report and record what was done."""
    made = planned.plan
    stored = sum(month.in_file for month in made.months)
    counters = {
        "rows": stored,
        "inserted": made.inserts,
        "deleted": made.deletes,
        "unchanged": made.unchanged,
        "filtered_closed": made.filtered,
        "months_open": len(made.months),
        "months_closed": len(made.closed),
        "new_markets": len(planned.new_markets),
        "categorised": sum(applied.categories.values()),
        "to_review": applied.to_review,
        "aligned": applied.alignment.corrected,
        "without_customer": applied.alignment.without_customer,
        "without_agency": applied.alignment.without_agency,
    }
    for name, value in counters.items():
        run.count(name, value)
    for name, tally in (("Categories", applied.categories), ("Languages", applied.methods)):
        if tally:
            run.log.info("%s: %s", name, ", ".join(f"{key} {count}" for key, count in tally.most_common()))
    run.log.info(
        "Rows without customer: %d, without agency: %d; corrected in unchanged rows: %d; to review: %d",
        applied.alignment.without_customer,
        applied.alignment.without_agency,
        applied.alignment.corrected,
        applied.to_review,
    )
    if not made.months:
        run.summary = "all months of the file are closed, nothing to do"
    else:
        run.summary = f"{stored} rows in {len(made.months)} open months: {made.inserts} new, {made.deletes} gone"
