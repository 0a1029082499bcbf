"""The man pages: nothing is missing, groff has nothing to say, and the same code gives the same bytes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer._click import Command

from ctvpipe import __version__, envfiles
from ctvpipe.cli.app import COMMANDS
from ctvpipe.core import envfile
from ctvpipe.core.errors import MEANINGS, ExitCode
from ctvpipe.jobs import JOBS
from ctvpipe.manual import command, roff, texts
from ctvpipe.manual.__main__ import main
from ctvpipe.manual.__main__ import texts as made

CHECKOUT = Path(__file__).resolve().parents[2]
GROFF = ["groff", "-man", "-ww"]
PAGES = ("ctvpipe.1", "ctvpipe.env.5")
EVERY_PAGE = pytest.mark.parametrize("name", PAGES)
CALLED = dict(command.commands())
EVERY_COMMAND = pytest.mark.parametrize("path", CALLED)
EVERY_FILE = pytest.mark.parametrize("name", envfiles.classes_by_file())


def shown(name: str) -> str:
    """A page as a reader sees it, but for the ends of the lines."""
    done = subprocess.run(
        [*GROFF, "-Tutf8", "-P-cbou", "-rLL=9999n"], check=False, input=made({})[name].encode(), capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name: shown(name) for name in PAGES}


def body(page: str, heading: str) -> str:
    """What stands below a heading, given with its indentation, up to the next one of that indentation or less."""
    found = re.search(rf"^{re.escape(heading)}", page, re.MULTILINE)
    assert found, heading
    rest = page[found.end() :]
    indentation = len(heading) - len(heading.lstrip())
    after = re.search(rf"\n {{0,{indentation}}}\S", rest)
    return rest[: after.start() if after else None]


@EVERY_PAGE
def test_groff_and_man_have_nothing_to_say(name: str, tmp_path: Path) -> None:
    main(tmp_path)
    for words in ([*GROFF, "-z"], ["man", "--warnings", "-E", "UTF-8", "-Tutf8", "-Z", "-l"]):
        done = subprocess.run([*words, str(tmp_path / name)], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")


@EVERY_PAGE
def test_no_hyphen_or_quote_is_left_to_roff(name: str) -> None:
    """A plain one would be shown as a typographic one, which no shell understands."""
    for line in made({})[name].splitlines():
        text = line if not line.startswith(".SS") else line[5:-1]
        if not line.startswith(".TH"):
            assert not re.search(r"(?<!\\)-", text), line
            assert not re.search(r"[\"'`^~]", text), line


def test_the_command_writes_the_same_bytes_whatever_the_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And whatever the order of sets is in its process, which is another one in this."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795334400")
    main(tmp_path / "first")
    words = [sys.executable, "-m", "ctvpipe.manual", str(tmp_path / "second")]
    subprocess.run(words, cwd=CHECKOUT, env=os.environ | {"PYTHONHASHSEED": "4711"}, check=True)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("first", "second")
    )
    assert first == second
    assert set(first) == {*PAGES, "ctvpipe.bash"}
    assert f'.TH "CTVPIPE" "1" "2026\\-11\\-22" "ctvpipe {__version__}"'.encode() in first["ctvpipe.1"]


def test_without_a_date_there_is_none() -> None:
    assert made({})["ctvpipe.1"].startswith('.TH "CTVPIPE" "1" "" ')


def test_every_command_of_the_help_is_there() -> None:
    assert {path.split()[1] for path in CALLED} == set(COMMANDS)


@EVERY_COMMAND
def test_a_command_is_told_as_its_help_tells_it(path: str, pages: dict[str, str]) -> None:
    told = " ".join(body(pages["ctvpipe.1"], f"   {path}").split())
    item = CALLED[path]
    assert item.help
    assert " ".join(item.help.split()) in told
    for parameter in parameters(item):
        _, text = parameter.get_help_record(typer.Context(item))
        assert " ".join(text.split()) in told
        for word in parameter.opts if parameter.param_type_name == "option" else [parameter.metavar]:
            assert word in told


def test_what_only_systemd_calls_is_not_told() -> None:
    assert "ctvpipe alert test" in CALLED
    assert "ctvpipe alert unit" not in CALLED


@EVERY_COMMAND
def test_everything_that_can_be_typed_has_a_help_worth_reading(path: str) -> None:
    item = CALLED[path]
    assert_a_sentence(item.help)
    for parameter in parameters(item):
        assert_a_sentence(parameter.help)
        names, _ = parameter.get_help_record(typer.Context(item))
        for word in names.split() if parameter.param_type_name == "option" else names.split()[:1]:
            assert re.fullmatch(r"--?[a-z][a-z-]*,?|[A-Z]+|<[a-z]+(\|[a-z]+)+>", word), names


def parameters(item: Command) -> list:
    return [parameter for parameter in item.params if parameter.name != "help"]


def assert_a_sentence(text: str | None) -> None:
    assert text
    assert len(text.split()) >= 3, text
    assert text[0].isupper() or text[0].isdigit(), text
    assert text.rstrip().endswith("."), text


def test_options_of_the_root(pages: dict[str, str]) -> None:
    assert "--version" in body(pages["ctvpipe.1"], "OPTIONS")


def test_every_exit_code_is_explained(pages: dict[str, str]) -> None:
    assert set(MEANINGS) == set(ExitCode)
    told = body(pages["ctvpipe.1"], "EXIT STATUS")
    readme = (CHECKOUT / "README.md").read_text()
    for code, meaning in MEANINGS.items():
        assert re.search(rf"^ +{int(code)}\s+{re.escape(meaning)}$", told, re.MULTILINE)
        assert f"| {int(code)} | {meaning} |\n" in readme


def test_every_job_is_told_with_its_files(pages: dict[str, str]) -> None:
    for job in JOBS:
        told = body(body(pages["ctvpipe.1"], "THE NIGHT"), f"       {job.name}")
        for word in (job.schedule.words, f"{job.unit}.timer", job.env_file, job.log):
            assert word in told
    files = body(pages["ctvpipe.1"], "FILES")
    for name in envfiles.classes_by_file():
        assert f"/etc/{name}" in files


def test_the_operators_day_is_the_readmes() -> None:
    block = (CHECKOUT / "README.md").read_text().partition("## The operator's day\n\n```\n")[2].partition("```")[0]
    assert [tuple(re.split(r"  +", line)) for line in block.splitlines()] == list(texts.OPERATORS_DAY)


def test_every_example_is_a_command() -> None:
    for typed, _ in (*texts.OPERATORS_DAY, *texts.BY_HAND):
        _, found, words = typed.partition("ctvpipe ")
        words = words.removeprefix("ctvpipe ")
        if found and not typed.startswith("grep"):
            called = next(path for path in CALLED if f"ctvpipe {words} ".startswith(f"{path} "))
            options = [word for word in words.split() if word.startswith("--")]
            assert set(options) <= {name for item in CALLED[called].params for name in item.opts}


@EVERY_FILE
def test_every_variable_is_told_below_its_file(name: str, pages: dict[str, str]) -> None:
    told = body(pages["ctvpipe.env.5"], f"/etc/{name}\n")
    for cls in envfiles.classes_by_file()[name]:
        for variable, info in cls.variables().items():
            text = body(told, f"       {variable}\n")
            assert info.description
            assert info.description in text
            if "SecretStr" in str(info.annotation):
                assert f"{variable}_FILE" in text
                assert "Default" not in text
            elif info.default not in {None, ""}:
                default = re.search(r"^ +Default: (.*)$", text, re.MULTILINE)
                assert default
                value = envfile.parse(f"X={default[1]}")["X"]
                assert value in {str(info.default), f"{info.default:g}" if isinstance(info.default, float) else ""}


def test_restrictions_are_told(pages: dict[str, str]) -> None:
    page = pages["ctvpipe.env.5"]
    assert "More than 0, at most 60." in body(page, "       CTVPIPE_ALERT_SECONDS")
    assert "One of: refuse, ignore." in body(page, "       COMMERCIAL_OWNER_FILE")
    assert "Also known as DB_PATH." in body(page, "       DATABASE_PATH")


HARD = """.start 'of' a \\(line\\) with -- and "quotes", `ticks`, ^hat, ~tilde, … and \u2013.

'second .TH \\fBparagraph"""


def test_what_roff_would_understand_is_shown_as_it_is() -> None:
    lines = [".TH x 1", ".SH X", *roff.paragraphs(HARD), *roff.tagged(roff.bold("-a'\\e"), HARD)]
    words = ["groff", "-man", "-ww", "-Tutf8", "-P-cbou", "-rLL=9999n"]
    done = subprocess.run(words, input="\n".join(lines).encode(), capture_output=True, check=True)
    text = done.stdout.decode()
    assert done.stderr == b""
    first, second = HARD.split("\n\n")
    assert text.count(first) == 2
    assert text.count(second) == 2
    assert "-a'\\e" in text
