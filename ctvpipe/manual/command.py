"""ctvpipe(1): every command and option as the Typer application declares them, files, exit codes, examples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import typer

from ctvpipe import envfiles
from ctvpipe.cli.app import COMMANDS, app, load
from ctvpipe.core.environment import SHARED_ENV_FILE
from ctvpipe.core.errors import MEANINGS
from ctvpipe.core.job import Job
from ctvpipe.core.settings import SharedSettings
from ctvpipe.jobs import JOBS
from ctvpipe.manual import roff, texts
from ctvpipe.pipelines.commercial_log.settings import DataSettings

if TYPE_CHECKING:
    from typer._click import Command, Parameter

_TYPED = re.compile(r"(--?[A-Za-z][\w-]*)")
_ARGUMENT = "argument"
_SEE_ALSO = ("ctvpipe.env(5)", "journalctl(1)", "systemctl(1)", "systemd.exec(5)", "systemd.timer(5)")


def sections() -> Iterator[str]:
    """The page's lines from NAME on."""
    yield from roff.section("NAME", [rf"ctvpipe \- {roff.escaped(_purpose())}"])
    yield from roff.section(
        "SYNOPSIS", [f"{roff.bold('ctvpipe')} {roff.italic('COMMAND')} [{roff.italic('OPTION')}]..."]
    )
    yield from roff.section("DESCRIPTION", roff.paragraphs(texts.ABOUT))
    yield from roff.section("THE NIGHT", *map(_job, JOBS))
    yield from roff.section(
        "OPTIONS", *(_parameter(command, item) for command in [_root()] for item in _parameters(command))
    )
    yield from roff.section("COMMANDS", *(_command(path, command) for path, command in commands()))
    yield from roff.section("EXIT STATUS", *(_entry(str(int(code)), meaning) for code, meaning in MEANINGS.items()))
    yield from roff.section("FILES", *(_entry(path, what) for path, what in _files()))
    yield from roff.section("ENVIRONMENT", *_environment())
    yield from roff.section(
        "EXAMPLES", *(_entry(typed, what) for typed, what in (*texts.OPERATORS_DAY, *texts.BY_HAND))
    )
    yield from roff.section("MOUNTING THE SHARE", *_mounting())
    yield from roff.section("SEE ALSO", [", ".join(_reference(page) for page in _SEE_ALSO)])


def commands() -> Iterator[tuple[str, Command]]:
    """Every command for people, with the words that call it."""
    for name, (target, _) in COMMANDS.items():
        yield from _below(f"ctvpipe {name}", load(target))


def _below(path: str, command: Command) -> Iterator[tuple[str, Command]]:
    """``command``, or the commands of the group that it is."""
    inner: dict[str, Command] = getattr(command, "commands", {})
    if not inner:
        yield path, command
    for word, below in inner.items():
        if not below.hidden:
            yield from _below(f"{path} {word}", below)


def _root() -> Command:
    return typer.main.get_command(app)


def _purpose() -> str:
    text = (_root().help or "").strip().rstrip(".")
    return text[:1].lower() + text[1:]


def _parameters(command: Command) -> list[Parameter]:
    """Arguments first, then options; --help, which all have, goes without saying."""
    found = [item for item in command.params if item.name != "help"]
    return sorted(found, key=lambda item: item.param_type_name != _ARGUMENT)


def _command(path: str, command: Command) -> list[str]:
    words = [roff.bold(path)]
    if any(item.param_type_name != _ARGUMENT for item in _parameters(command)):
        words.append(f"[{roff.italic('OPTION')}]...")
    for item in _parameters(command):
        if item.param_type_name == _ARGUMENT:
            name = roff.italic(_names(command, item))
            words.append(name if item.required else f"[{name}]")
        elif item.required:
            words.append(_styled(_names(command, item)))
    body = [line for item in _parameters(command) for line in _parameter(command, item)]
    return roff.subsection(" ".join(words), roff.paragraphs(command.help or ""), body)


def _parameter(command: Command, item: Parameter) -> list[str]:
    return roff.tagged(_styled(_names(command, item)), _record(command, item)[1])


def _record(command: Command, item: Parameter) -> tuple[str, str]:
    """Name and text of a parameter, as --help prints them."""
    found = item.get_help_record(typer.Context(command))
    if found is None:
        raise ValueError(f"the parameter {item.name} of {command.name} is hidden: the manual cannot tell it")
    return found


def _names(command: Command, item: Parameter) -> str:
    names, _ = _record(command, item)
    return names.split()[0] if item.param_type_name == _ARGUMENT else names.replace("<", "").replace(">", "")


def _styled(names: str) -> str:
    """Options bold, what stands for a value italic."""
    parts = [part for part in _TYPED.split(names) if part]
    return "".join(_style(part) for part in parts)


def _style(part: str) -> str:
    if _TYPED.fullmatch(part):
        return roff.bold(part)
    return roff.escaped(part) if part.strip() in {"", ","} else part.replace(part.strip(), roff.italic(part.strip()))


def _entry(term: str, text: str) -> list[str]:
    return roff.tagged(roff.bold(term), text)


def _job(job: Job) -> list[str]:
    text = (
        f"{job.schedule.words}: ctvpipe {' '.join(job.command)}. Units {job.unit}.timer and "
        f"{job.unit}.service, settings in /etc/{job.env_file}, log /var/log/{job.log}."
    )
    return _entry(job.name, text)


def _files() -> Iterator[tuple[str, str]]:
    shared, data = SharedSettings(), DataSettings()
    yield f"/etc/{SHARED_ENV_FILE}", "Settings of all jobs, see ctvpipe.env(5)."
    for name in dict.fromkeys(job.env_file for job in JOBS):
        users = [job.name for job in JOBS if job.env_file == name]
        yield f"/etc/{name}", f"Settings of {envfiles.listed(users)}."
    yield "/etc/ctv-k-drive.cred", f"Login of the unit {texts.MOUNT_UNIT}, where that is used."
    yield str(data.daily_dir), "The daily workbooks, Commercial Log YYMMDD.xlsx."
    yield str(data.archive_dir), "Their monthly archives."
    yield str(data.data_dir / "database"), "The sales database, and its backups."
    yield envfiles.CIRCUITS_DATABASE, "The circuits' database."
    yield envfiles.FMS_DATABASE, "The FMS database."
    yield envfiles.DIRECTORY_DATABASE, "The directory database."
    yield envfiles.BDC_DATABASE, "The BDC database, where it is not on a server with PostGIS."
    yield str(shared.state_dir), "The ledger: every run, every alert."
    yield str(shared.run_dir), "Lock files, one a job."
    for job in JOBS:
        yield str(shared.log_dir / job.log), f"Log of {job.name}."
        if job.outcome_log:
            yield str(shared.log_dir / job.outcome_log), f"The SUCCESS and ERROR lines of {job.name}."


def _environment() -> Iterable[list[str]]:
    yield roff.paragraphs(
        "Settings are environment variables, from the env files or from the environment: ctvpipe.env(5)."
    )
    yield from (_entry(name, text) for name, text in texts.ENVIRONMENT.items())


def _mounting() -> Iterator[list[str]]:
    yield roff.paragraphs(texts.MOUNTING.format(unit=texts.MOUNT_UNIT))
    yield from (_entry(typed, what) for typed, what in texts.MOUNT_STEPS)


def _reference(page: str) -> str:
    name, _, number = page.partition("(")
    return rf"{roff.bold(name)}({number}"
