"""The import as a command against a real smbd with signing and encryption: what is published, refused and told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest

from tests.fakes import workbook_hostile as hostile
from tests.fakes import xlsx_reader
from tests.fakes.http_receiver import Receiver, receiving
from tests.fakes.workbook import DECOYS, Spec, Summary, write
from tests.fakes.xlsx_reader import Kind, Row
from tests.integration.import_station import IMPORT, SMALL, WIDTHS, WORKBOOK, ImportStation, importing, widen
from tests.integration.share_station import FOLDER
from tests.integration.smb_server import wait_for
from tests.integration.station import Result, tree

SHEET = "Commercials"
LOG = "ctv-commercial-import/import.log"
Sheets = tuple[list[Row], list[Row]]


@pytest.fixture
def station(tmp_path: Path, receiver: Receiver) -> Iterator[ImportStation]:
    with importing(tmp_path, receiver) as station:
        yield station


# --- the whole workbook -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Night:
    """The import of the whole workbook."""

    station: ImportStation
    summary: Summary
    result: Result

    @property
    def source(self) -> Path:
        return self.station.smb.workbook

    @property
    def published(self) -> Path:
        return self.station.workbook()


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with receiving() as receiver, importing(tmp_path_factory.mktemp("whole"), receiver) as station:
        summary = station.put(Spec(rows=15_576))
        widen(station.smb.workbook)
        station.settle()
        result = station.run_measured(*IMPORT)
        assert result.code == 0, result.text
        yield Night(station, summary, result)


@pytest.fixture(scope="module")
def sheets(night: Night) -> Sheets:
    """The rows of the wanted sheet in the source and in the published file, by the independent reader."""
    return list(xlsx_reader.read(night.source, SHEET)), list(xlsx_reader.read(night.published, SHEET))


def typed(row: Row) -> tuple[int, dict[int, tuple[Kind, str, str]]]:
    """The row's number, and kind, text and number format of its cells by column."""
    return row.number, {column: (cell.kind, cell.raw, cell.number_format) for column, cell in row.cells.items()}


def test_the_whole_sheet_is_published_cell_by_cell(night: Night, sheets: Sheets) -> None:
    source, published = sheets
    assert night.summary.spots + night.summary.trade == 15_576
    assert source[-1].number - 1 == night.summary.rows
    assert [typed(row) for row in published] == [typed(row) for row in source]
    kinds = {cell.kind for row in source for cell in row.cells.values()}
    assert kinds == {Kind.TEXT, Kind.NUMBER, Kind.BLANK}


def test_formulas_are_replaced_by_their_results(night: Night, sheets: Sheets) -> None:
    with_formula = [sum(cell.formula is not None for row in rows for cell in row.cells.values()) for rows in sheets]
    assert with_formula == [night.summary.formulas, 0]
    assert night.summary.formulas > 1000
    assert f"Formulas replaced by their results: {night.summary.formulas}" in night.result.text


def test_only_the_wanted_sheet_and_its_strings_are_published(night: Night, sheets: Sheets) -> None:
    assert set(DECOYS) < set(xlsx_reader.sheet_names(night.source))
    assert xlsx_reader.sheet_names(night.published) == [SHEET]
    decoys = [row for name in DECOYS for row in xlsx_reader.read(night.source, name)]
    own, others = (texts(rows) for rows in (sheets[0], decoys))
    assert len(others - own) > 10
    with ZipFile(night.published) as package:
        strings = re.findall(r"<t[^>]*>([^<]*)</t>", package.read("xl/sharedStrings.xml").decode())
        assert [name for name in package.namelist() if "worksheets" in name] == ["xl/worksheets/sheet1.xml"]
    assert (others - own).isdisjoint(strings)


def texts(rows: list[Row]) -> set[str]:
    return {cell.raw for row in rows for cell in row.cells.values() if cell.kind is Kind.TEXT}


def test_hidden_rows_and_column_widths_are_kept(night: Night, sheets: Sheets) -> None:
    source, published = ([row.number for row in rows if row.hidden] for rows in sheets)
    assert published == source
    assert len(source) == night.summary.hidden > 100
    with ZipFile(night.published) as package, package.open("xl/worksheets/sheet1.xml") as sheet:
        assert sheet.read(4000).count(WIDTHS) == 1


def test_what_is_said_counted_and_left(night: Night) -> None:
    station, (run,) = night.station, night.station.runs()
    size = night.published.stat().st_size
    assert (run.outcome, run.counters) == ("success", {"rows": night.summary.rows, "bytes": size})
    assert run.message.startswith(f"{night.published.name}: {night.summary.rows} rows, 29 columns, ")
    assert run.warnings == ()
    log = (station.log / LOG).read_text()
    assert re.search(r"SUCCESS: commercial-import: Commercial Log \d{6}\.xlsx: .* Duration: \d+\.\d s\n$", log)
    assert log.count("ERROR") == 0
    assert [re.search(rf"{percent} ?%", log) is not None for percent in (25, 50, 75, 100)] == [True] * 4
    assert night.published.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in station.daily.iterdir()] == [night.published.name]
    assert station.leftovers() == []
    assert station.alerts() == []
    assert night.result.memory_mib < 300


def test_the_same_workbook_gives_the_same_bytes(night: Night) -> None:
    before = night.published.read_bytes()
    night.published.unlink()
    assert night.station.import_().code == 0
    assert night.published.read_bytes() == before


# --- what can go wrong ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trouble:
    """``happens`` breaks something and ``repaired`` mends it; the run must end with ``code`` and say ``words``.

    ``settings`` are other settings meanwhile. ``midway``: it happens while the workbook is being copied.
    """

    words: str
    code: int = 1
    settings: tuple[tuple[str, str], ...] = ()
    happens: Callable[[ImportStation], None] = lambda _: None
    repaired: Callable[[ImportStation], None] = lambda _: None
    midway: bool = False


def remove(station: ImportStation) -> None:
    station.smb.workbook.unlink(missing_ok=True)


def put_again(station: ImportStation) -> None:
    station.put()


def owner_file(station: ImportStation) -> None:
    station.smb.put(f"{FOLDER}/~$Commercial Log.xlsx", b"Erika Mustermann")


def owner_file_gone(station: ImportStation) -> None:
    (station.smb.folder / "~$Commercial Log.xlsx").unlink()


def truncate(station: ImportStation) -> None:
    content = station.smb.workbook.read_bytes()
    station.smb.put(WORKBOOK, content[: len(content) // 2])


def a_workbook(make: Callable[[Path], None]) -> Callable[[ImportStation], None]:
    def put(station: ImportStation) -> None:
        make(station.smb.workbook)
        station.settle()

    return put


def saved_by_a_program(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = SHEET
    sheet.append(["Bill Code", "Start Date"])
    sheet.append(["Amber Foods", "=TODAY()"])
    book.save(path)


def stop(station: ImportStation) -> None:
    station.smb.server.kill()


def start(station: ImportStation) -> None:
    station.smb.server.start()
    station.put()


def suspend(station: ImportStation) -> None:
    station.smb.server.suspend()


def resume(station: ImportStation) -> None:
    station.smb.server.resume()
    station.put()


def restart(station: ImportStation) -> None:
    resume(station)
    station.smb.server.kill()
    start(station)


def setting(name: str, value: str) -> tuple[tuple[str, str], ...]:
    return ((name, value),)


TROUBLES = {
    "wrong password": Trouble(
        r"server {server} refused the login of \w+: wrong user name, password or domain",
        settings=setting("CIFS_PASSWORD", "not the one"),
    ),
    "missing share": Trouble(
        "server {server} has no share 'Q Drive'", settings=setting("COMMERCIAL_SHARE", "//{server}/Q Drive")
    ),
    "missing folder": Trouble(
        "folder 'Media Libary' not found in //{server}/K Drive/Traffic. Close names there: 'Media Library'",
        settings=setting("COMMERCIAL_WORKBOOK", "Traffic/Media Libary/Commercial Log.xlsx"),
    ),
    "missing file": Trouble(
        "file 'Commercial Log.xlsx' not found in //{server}/K Drive/Traffic/Media Library",
        happens=remove,
        repaired=put_again,
    ),
    "missing sheet": Trouble(
        "Commercial Log.xlsx has no sheet 'Commercials'; it has 'Data', 'commercials old'",
        3,
        happens=a_workbook(hostile.without_sheet),
        repaired=put_again,
    ),
    "no rows": Trouble(
        "sheet 'Commercials' has a header at most, and no rows",
        3,
        happens=a_workbook(hostile.header_only),
        repaired=put_again,
    ),
    "formulas without results": Trouble(
        "sheet 'Commercials', row 2, column B: a formula was saved without its result",
        3,
        happens=a_workbook(saved_by_a_program),
        repaired=put_again,
    ),
    "corner cell": Trouble(
        "Commercial Log.xlsx needs more memory than .*: sheet 'Commercials' has a cell in row 1,048,576, column XFD",
        3,
        happens=a_workbook(hostile.corner_cell),
        repaired=put_again,
    ),
    "bomb": Trouble(
        "Commercial Log.xlsx: its part 'xl/worksheets/sheet1.xml' would unpack to 64 MiB",
        3,
        happens=a_workbook(lambda path: hostile.deflate_bomb(path, size=64 * 1024 * 1024)),
        repaired=put_again,
    ),
    "encrypted": Trouble(
        "Commercial Log.xlsx has no readable end: it is half saved, damaged, or not an .xlsx workbook (2 tries)",
        3,
        happens=a_workbook(hostile.encrypted),
        repaired=put_again,
    ),
    "open in Excel": Trouble(
        "//{server}/K Drive/Traffic/Media Library/Commercial Log.xlsx is open in another program since 2026-08-2.* (2 tries)",
        3,
        happens=owner_file,
        repaired=owner_file_gone,
    ),
    "half saved": Trouble(
        "Commercial Log.xlsx has no readable end: it is half saved", 3, happens=truncate, repaired=put_again
    ),
    "killed midway": Trouble("the connection to server {server} broke off", happens=stop, repaired=start, midway=True),
    "suspended midway": Trouble(
        "server {server} stopped answering: no answer for 2 s while reading Commercial Log.xlsx",
        settings=setting("COMMERCIAL_STALL_SECONDS", "2"),
        happens=suspend,
        repaired=restart,
        midway=True,
    ),
    "suspended": Trouble(
        "server {server} stopped answering: no answer for 1 s while agreeing on the protocol",
        settings=setting("COMMERCIAL_CONNECT_SECONDS", "1"),
        happens=suspend,
        repaired=restart,
    ),
    "not running": Trouble(
        r"server 127.0.0.1 not reachable on port {port} after \d+ s: connection refused", happens=stop, repaired=start
    ),
    "little disk": Trouble(
        r"only \d+ MiB free on the disk of \S+, 999999999 MiB are required",
        settings=setting("COMMERCIAL_MIN_FREE_MIB", "999999999"),
    ),
    "drive letter": Trouble(
        "the share is named by a Windows drive letter: K:/", 2, settings=setting("COMMERCIAL_SHARE", "K:/Traffic")
    ),
    "no number": Trouble(
        "COMMERCIAL_STALL_SECONDS: Input should be a valid number",
        2,
        settings=setting("COMMERCIAL_STALL_SECONDS", "long"),
    ),
    "no sheet wanted": Trouble("COMMERCIAL_SHEETS: names no sheet", 2, settings=setting("COMMERCIAL_SHEETS", " , ")),
}
ONCE = {"no rows", "formulas without results", "corner cell", "bomb", "encrypted", "little disk", "drive letter"}
ONCE |= {"no number", "no sheet wanted"}
"""Those that are tried for one bad night only; the others for two."""
OUTCOMES = {1: "failed", 2: "failed", 3: "refused"}


def bad_night(station: ImportStation, trouble: Trouble) -> Result:
    """One run with the trouble; whatever it was, nothing is half done."""
    good = dict(station.settings)
    server = f"127.0.0.1:{station.smb.server.port}"
    station.settings |= {name: value.replace("{server}", server) for name, value in trouble.settings}
    before = tree(station.daily)
    if trouble.midway:
        station.smb.put_long_file()
        station.settings["COMMERCIAL_MAX_WORKBOOK_MIB"] = "500"
        result = station.import_until(lambda: trouble.happens(station))
    else:
        trouble.happens(station)
        result = station.import_()
    station.settings = good
    assert tree(station.daily) == before
    assert station.leftovers() == []
    return result


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble(station: ImportStation, name: str) -> None:
    trouble = TROUBLES[name]
    outcome = OUTCOMES[trouble.code]
    yesterday = station.workbook(datetime.now(UTC).date() - timedelta(days=1))
    write(SMALL, yesterday)
    yesterday.chmod(0o640)
    port = str(station.smb.server.port)
    words = re.compile(
        f"ERROR: commercial-import {outcome}: .*?"
        + re.sub(r"[.()](?![*?+])", r"\\\g<0>", trouble.words)
        .replace("{server}", f"127.0.0.1:{port}")
        .replace("{port}", port)
    )

    result = bad_night(station, trouble)
    assert result.code == trouble.code, result.text
    (line,) = [line for line in result.text.splitlines() if "ERROR" in line]
    assert words.search(line)
    assert re.search(r"\. Duration: \d+\.\d s$", line)
    assert "Traceback" not in result.text + (station.log / LOG).read_text()
    assert words.search((station.log / LOG).read_text())
    (run,) = station.runs()
    assert (run.outcome, run.exit_code, run.counters) == (outcome, trouble.code, {})
    assert run.advice
    assert run.message in line
    ((title, body),) = station.alerts()
    assert title == f"commercial-import {outcome}"
    assert body.startswith(f"{run.message}\n{run.advice}\nMore: ctvpipe runs show {run.run_id[:8]}")
    assert "Mustermann" not in result.text + body

    if trouble.midway:
        trouble.repaired(station)
    if name not in ONCE:
        assert bad_night(station, trouble).code == trouble.code
        assert len(station.alerts()) == 1, "told once a day"

    trouble.repaired(station)
    repaired = station.import_()
    assert repaired.code == 0, repaired.text
    assert sorted(path.name for path in station.daily.iterdir()) == [yesterday.name, station.workbook().name]
    assert station.leftovers() == []
    assert [title for title, _ in station.alerts()] == [f"commercial-import {outcome}", "commercial-import works again"]


def test_the_messages_tell_the_troubles_apart() -> None:
    assert len({trouble.words for trouble in TROUBLES.values()}) == len(TROUBLES)


def test_a_folder_of_other_letter_case_is_found_and_said(station: ImportStation) -> None:
    station.settings["COMMERCIAL_WORKBOOK"] = "traffic/Media library/COMMERCIAL LOG.xlsx"
    result = station.import_()
    assert result.code == 0, result.text
    (warning,) = station.runs()[0].warnings
    assert warning == (
        "the workbook is at 'Traffic/Media Library/Commercial Log.xlsx', not at 'traffic/Media library/COMMERCIAL LOG.xlsx' "
        "(upper and lower case)"
    )
    assert f"WARNING - {warning}" in result.text
    assert station.workbook().exists()
    assert station.alerts() == []


def test_a_workbook_that_is_saved_meanwhile_is_copied_when_that_is_done(station: ImportStation) -> None:
    station.settings |= {"COMMERCIAL_SETTLE_TRIES": "500", "COMMERCIAL_SETTLE_SECONDS": "0.1"}
    truncate(station)
    process = station.start(*IMPORT)
    wait_for(lambda: station.arrived() > 0, "the first try")
    station.put()
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0, printed
    assert re.search(r"it was being saved: copied at attempt \d+", printed)
    assert station.workbook().exists()


def test_without_a_share_there_is_nothing_to_do(station: ImportStation) -> None:
    station.settings["COMMERCIAL_SHARE"] = ""
    result = station.import_()
    assert result.code == 0
    assert "SKIPPED: commercial-import: no share is configured. Set COMMERCIAL_SHARE in " in result.text
    assert [run.outcome for run in station.runs()] == ["skipped"]
    assert station.alerts() == []
    assert list(station.daily.iterdir()) == []
    for words in (("share", "check"), ("share", "ls"), ("share", "mount")):
        asked = station.run(*words)
        assert (asked.code, asked.out) == (2, "")
        assert asked.err.startswith("ERROR: no share is configured\n")


def test_a_second_import_of_the_day_replaces_the_file_as_a_whole(station: ImportStation) -> None:
    assert station.import_().code == 0
    old = station.workbook().read_bytes()
    with station.workbook().open("rb") as reading:
        summary = station.put(Spec(rows=90, seed=8))
        result = station.import_()
        assert result.code == 0
        assert reading.read() == old, "who was reading goes on reading the old file"
    assert f"{station.workbook().name} exists already and is replaced" in result.text
    assert len(xlsx_reader.values(station.workbook(), SHEET)) == summary.rows + 1
    assert station.workbook().stat().st_mode & 0o777 == 0o640
    assert [path.name for path in station.daily.iterdir()] == [station.workbook().name]


def test_a_much_shorter_workbook_is_remarked(station: ImportStation) -> None:
    before = station.put(Spec(rows=200, oddities=False)).rows
    assert station.import_().code == 0
    station.put(Spec(rows=100, oddities=False))
    assert station.import_().code == 0
    assert station.runs()[0].warnings == (f"the log has 100 rows, {before} the time before",)


def test_several_sheets_may_be_wanted(station: ImportStation) -> None:
    station.settings["COMMERCIAL_SHEETS"] = "Pending, commercials,Pending"
    assert station.import_().code == 0
    assert xlsx_reader.sheet_names(station.workbook()) == ["Pending", "Commercials"]
    for sheet in ("Pending", "Commercials"):
        theirs, ours = (xlsx_reader.read(path, sheet) for path in (station.smb.workbook, station.workbook()))
        assert [typed(row) for row in ours] == [typed(row) for row in theirs]


@pytest.mark.parametrize(("missing", "code"), [(False, 0), (True, 1)])
def test_a_dry_run_leaves_no_byte_anywhere(station: ImportStation, missing: bool, code: int) -> None:
    for place in (station.run_dir, station.log, station.state, station.archive, station.daily):
        place.rmdir()
    if missing:
        station.smb.workbook.unlink()
    before = tree(station.root), tree(station.smb.share)
    result = station.import_("--dry-run")
    assert result.code == code, result.text
    assert (tree(station.root), tree(station.smb.share)) == before
    assert list(station.temporary.iterdir()) == []
    assert station.alerts() == []
    said = "not found in" if missing else f"would publish {station.workbook().name}: "
    assert said in result.text
    assert "dry run, nothing was written" in result.text


def test_of_twenty_at_once_one_runs(station: ImportStation) -> None:
    station.settings |= {"COMMERCIAL_CONNECT_SECONDS": "120", "COMMERCIAL_STALL_SECONDS": "120"}
    station.smb.server.suspend()
    processes = [station.start(*IMPORT) for _ in range(20)]
    try:
        wait_for(lambda: sum(process.poll() is not None for process in processes) >= 19, "nineteen have ended", 90)
        (busy,) = [process for process in processes if process.poll() is None]
    finally:
        station.smb.server.resume()
    printed = {process: process.communicate(timeout=60)[0] for process in processes}
    assert busy.returncode == 0, printed[busy]
    others = [process for process in processes if process is not busy]
    assert [process.returncode for process in others] == [75] * 19
    assert all(
        "NOT_NOW: commercial-import: another run of commercial-import is going on" in printed[each] for each in others
    )
    assert sorted(run.outcome for run in station.runs()) == ["not_now"] * 19 + ["success"]
    assert [path.name for path in station.daily.iterdir()] == [station.workbook().name]
    assert station.leftovers() == []
    assert station.alerts() == []
