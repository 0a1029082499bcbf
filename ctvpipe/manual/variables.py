"""ctvpipe.env(5): every variable that the settings classes declare, by env file."""

from __future__ import annotations

from collections.abc import Iterator

from ctvpipe.core.envdoc import Variable, quoted, variables
from ctvpipe.core.environment import SHARED_ENV_FILE
from ctvpipe.envfiles import classes_by_file
from ctvpipe.jobs import JOBS
from ctvpipe.manual import roff, texts

_ABOUT = (
    "The settings of ctvpipe(1) are environment variables. The services take them from the env files below, and so does "
    "ctvpipe when it is called by hand. What /etc/{shared} documents may be set in a job's own file too, for its jobs "
    "alone; what two files document may be set once, in /etc/{shared}.\n\n"
    "After a change: sudo -u ctvpipe ctvpipe config check. What is in force, and where it comes from: ctvpipe config show."
)


def sections() -> Iterator[str]:
    """The page's lines from NAME on."""
    files = classes_by_file()
    yield from roff.section("NAME", [rf"ctvpipe.env \- {roff.escaped('settings of ctvpipe')}"])
    yield from roff.section("SYNOPSIS", [roff.bold(f"/etc/{name}") + "\n.br" for name in files])
    yield from roff.section("DESCRIPTION", roff.paragraphs(_ABOUT.format(shared=SHARED_ENV_FILE)))
    yield from roff.section("SYNTAX", roff.paragraphs(texts.SYNTAX))
    yield from roff.section("SECRETS", roff.paragraphs(texts.SECRETS))
    for name, classes in files.items():
        yield from roff.section(f"/etc/{name}", roff.paragraphs(_users(name)), _grouped(variables(classes)))
    yield from roff.section("SEE ALSO", [rf"{roff.bold('ctvpipe')}(1), {roff.bold('systemd.exec')}(5)"])


def _users(name: str) -> str:
    jobs = [job.name for job in JOBS if name in {SHARED_ENV_FILE, job.env_file}]
    return f"For {', '.join(jobs[:-1])} and {jobs[-1]}." if len(jobs) > 1 else f"For {jobs[0]}."


def _grouped(found: list[Variable]) -> Iterator[str]:
    heading = None
    for variable in found:
        if variable.heading != heading:
            heading = variable.heading
            yield from roff.subsection(roff.escaped(heading))
        yield from roff.tagged(roff.bold(variable.name), variable.text)
        if said := _more(variable):
            yield from (".br", *roff.lines(said))


def _more(variable: Variable) -> str:
    if variable.secret:
        return f"A secret: may also be set by {variable.name}_FILE, or by the systemd credential {variable.name}."
    return f"Default: {quoted(variable.default)}" if variable.default else ""
