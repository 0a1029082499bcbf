"""Whatever the order of updates, decisions, new names and closings: what people decided stays decided."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.pipelines.commercial_log import closures, customers, identities, people, planning, review
from ctvpipe.pipelines.commercial_log.reading import SpotValues, spot_hash
from ctvpipe.stores import engine
from tests.integration.people_rows import address, row, update
from tests.integration.station import query

MONTHS = ("Nov-24", "Dec-24", "Jan-25")
NAMES = ("Plover Foods", "QA:Plover Foods", "Quartz Agency:Plover Foods", "Heron", "HERON")
AGENCY = "Quartz Agency"
BILL_CODES = (
    "Plover Foods",
    "QA:plover foods PRODUCTION",
    "Quartz Agency:Plover Foods",
    "Heron",
    "Quartz Agency:Heron",
    ":",
)
ROWS = st.builds(
    lambda month, code, language: row(broadcast_month=month, bill_code=code, language_code=language),
    st.sampled_from(MONTHS),
    st.sampled_from(BILL_CODES),
    st.sampled_from(("L", "M")),
)
STRATEGIES = st.sampled_from((planning.DIFF, planning.REPLACE))
CLOSED = "SELECT * FROM spots s LEFT JOIN spot_language_assignments a ON a.spot_id = s.spot_id WHERE s.broadcast_month = '{}'"


class People(RuleBasedStateMachine):
    """The nights and the people of one station; the model is what people decided and what was closed."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.where = str(folder / "production.db")
        shutil.copyfile(folder / "empty.db", self.where)
        self.file: list[SpotValues] = []
        self.decided: dict[bytes, tuple[str, str]] = {}
        self.closed: dict[str, list[tuple[Any, ...]]] = {}

    def teardown(self) -> None:
        for path in Path(self.where).parent.glob("production.db*"):
            path.unlink()

    def attempt(self, action: Any) -> bool:
        """Do it as a command does; when it is refused, nothing may have changed."""
        before = Path(self.where).read_bytes()
        try:
            with engine.transaction(engine.open_engine(address(self.where))) as connection:
                action(connection)
        except CtvpipeError:
            assert Path(self.where).read_bytes() == before
            return False
        return True

    @initialize(rows=st.lists(ROWS, min_size=4, max_size=8))
    def first_night(self, rows: list[SpotValues]) -> None:
        self.night(rows, planning.DIFF)

    @rule(left_out=st.sets(st.integers(0, 8), max_size=1), strategy=STRATEGIES)
    def night_with_the_same_file(self, left_out: set[int], strategy: str) -> None:
        self.night([values for number, values in enumerate(self.file) if number not in left_out], strategy)

    @rule(rows=st.lists(ROWS, max_size=8), strategy=STRATEGIES)
    def night(self, rows: list[SpotValues], strategy: str) -> None:
        self.file = rows
        before = {month: Counter(self.hashes(month)) for month in MONTHS}
        update(self.where, rows, strategy)
        for month in MONTHS:
            in_file = Counter(spot_hash(values) for values in rows if month in values)
            touched = in_file and month not in self.closed
            assert Counter(self.hashes(month)) == (in_file if touched else before[month])

    @rule(number=st.integers(0, 1), language=st.sampled_from(("E", "hm", "eng")), who=st.sampled_from(("Ann", "Bea")))
    def decide(self, number: int, language: str, who: str) -> None:
        spots = query(self.where, "SELECT spot_id, row_hash, broadcast_month FROM spots ORDER BY spot_id")
        if not spots:
            return
        spot_id, digest, month = spots[number % len(spots)]
        done = self.attempt(lambda connection: review.decide(connection, spot_id, language, by=who))
        assert done == (month not in self.closed)
        if done:
            self.decided[digest] = ({"eng": "E"}.get(language, language.upper()), who)

    @rule(name=st.sampled_from(NAMES), agency=st.sampled_from((None, AGENCY, "QA")), new=st.booleans())
    def add(self, name: str, agency: str | None, new: bool) -> None:
        if self.attempt(lambda connection: customers.add(connection, name, by="Ann", agency=agency, new_agency=new)):
            assert self.meaning(name) == name

    @rule(text=st.sampled_from((*NAMES, *BILL_CODES)), meant=st.sampled_from(NAMES))
    def alias(self, text: str, meant: str) -> None:
        if self.attempt(lambda connection: customers.alias(connection, text, meant, kind=customers.CUSTOMER, by="Ann")):
            assert str(self.meaning(text)).casefold() == meant.casefold()

    @rule()
    def agency_alias(self) -> None:
        self.attempt(lambda connection: customers.alias(connection, "QA", AGENCY, kind=customers.AGENCY, by="Ann"))

    @rule(month=st.sampled_from(MONTHS[:2]))
    def close(self, month: str) -> None:
        filled = bool(self.hashes(month))
        done = self.attempt(
            lambda connection: closures.close(connection, month, by="Ann", note=None, today=people.today())
        )
        assert done == (filled and month not in self.closed)
        if done:
            self.closed[month] = query(self.where, CLOSED.format(month))

    @invariant()
    def closed_months_are_as_they_were(self) -> None:
        for month, rows in self.closed.items():
            assert query(self.where, CLOSED.format(month)) == rows
            assert all(flag == 1 for (flag,) in query(self.where, _OF.format("is_historical", month)))

    @invariant()
    def decisions_hold(self) -> None:
        rows = query(
            self.where,
            "SELECT row_hash, a.language_code, a.assignment_method, a.notes, a.requires_review, s.broadcast_month"
            " FROM spots s LEFT JOIN spot_language_assignments a ON a.spot_id = s.spot_id",
        )
        for digest, code, method, notes, to_review, _ in rows:
            assert code is not None
            if digest in self.decided:
                expected = self.decided[digest]
                assert (code, method, notes, to_review) == (expected[0], "manual", f"decided by {expected[1]}", 0)
            else:
                assert method != "manual"

    @invariant()
    def customers_are_what_the_names_say(self) -> None:
        with engine.transaction(engine.open_engine(address(self.where), read_only=True)) as connection:
            directory = identities.Directory.load(connection)
        for code, month, *found in query(
            self.where, "SELECT bill_code, broadcast_month, customer_id, agency_id FROM spots"
        ):
            meant = directory.resolve(code)
            assert month in self.closed or tuple(found) == (meant.customer_id, meant.agency_id)

    def hashes(self, month: str) -> list[bytes]:
        return [digest for (digest,) in query(self.where, _OF.format("row_hash", month))]

    def meaning(self, text: str) -> str | None:
        with engine.transaction(engine.open_engine(address(self.where), read_only=True)) as connection:
            number = identities.Directory.load(connection).resolve(text).customer_id
        names = dict(query(self.where, "SELECT customer_id, normalized_name FROM customers"))
        return None if number is None else str(names[number])


_OF = "SELECT {} FROM spots WHERE broadcast_month = '{}'"


def test_what_people_decided_stays_decided(tmp_path: Path) -> None:
    update(str(tmp_path / "empty.db"), [])
    run_state_machine_as_test(
        lambda: People(tmp_path),
        settings=settings(
            max_examples=40, stateful_step_count=16, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
