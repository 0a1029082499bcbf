"""A real, private PostgreSQL cluster on a loopback port: nothing outside its own folder, as an unprivileged user.

Debian packages: ``postgresql`` and ``postgresql-postgis`` (which bring ``postgresql-15`` on Debian 12, ``postgresql-17``
on Debian 13, and what belongs to it). The programs are found below ``/usr/lib/postgresql``; the newest version wins.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, Self

import psycopg2

from tests.integration.smb_server import free_port, wait_for

USER = "station"
PASSWORD = "plover-Quartz-93!"
_PROGRAMS = Path("/usr/lib/postgresql")
_UNPRIVILEGED = "nobody"
_PATIENCE = 30.0
# The data is worth nothing after the test: no waiting for the disk.
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "16MB",
    "max_connections": "40",
    "log_min_messages": "warning",
}


class PostgresServer:
    """One cluster. Use it as a context manager; the server is ended and its folder removed on leaving."""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="ctvpipe-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._templates: set[str] = set()

    def __enter__(self) -> Self:
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def url(self, database: str, *, password: str = PASSWORD) -> str:
        """The address of a database, as ``DATABASE_URL`` wants it; blanks and signs in the password are quoted."""
        quoted = "".join(sign if sign.isalnum() else f"%{ord(sign):02X}" for sign in password)
        return f"postgresql://{USER}:{quoted}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """The address of a fresh database, a copy of ``template``."""
        name = f"sales_{next(self._numbers)}"
        self._maintain(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """The name of a template database, made once by ``prepare(url)``."""
        if name not in self._templates:
            self._maintain(f"CREATE DATABASE {name} TEMPLATE template0")
            prepare(self.url(name))
            self._templates.add(name)
        return name

    def create_with_points(self) -> str:
        """The address of a fresh database with PostGIS."""
        return self.create(self.template("with_points", self._add_points))

    def _add_points(self, url: str) -> None:
        with closing(self.connect(url)) as connection:
            connection.cursor().execute("CREATE EXTENSION postgis")

    def drop(self, url: str) -> None:
        """Remove the database at ``url``, whoever is connected."""
        self._maintain(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def connect(self, url: str) -> Any:
        """A plain connection, without the product's code, that commits every statement by itself."""
        connection = psycopg2.connect(url, connect_timeout=int(_PATIENCE))
        connection.autocommit = True
        return connection

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        options = [part for name, value in _OPTIONS.items() for part in ("-c", f"{name}={value}")]
        place = ["-D", str(self._data), "-p", str(self.port), "-k", str(self._folder)]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [_program("postgres"), *place, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **unprivileged(),
            )
        wait_for(self._is_up, "PostgreSQL takes connections", _PATIENCE)

    def stop(self) -> None:
        """Shut the server down at once, connections or not."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_PATIENCE)
        self._process = None

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _initialise(self) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD)
        identity = unprivileged()
        if identity:
            for path in (self._folder, password):
                os.chown(path, identity["user"], identity["group"])
        form = ["--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--no-sync"]
        command = [_program("initdb"), f"--pgdata={self._data}", f"--username={USER}", f"--pwfile={password}", *form]
        subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE * 2, cwd="/", **identity)

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"PostgreSQL ended:\n{(self._folder / 'server.log').read_text()[-4000:]}")
        try:
            self.connect(self.url("postgres")).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _maintain(self, statement: str) -> None:
        with closing(self.connect(self.url("postgres"))) as connection:
            connection.cursor().execute(statement)


def unprivileged() -> dict[str, Any]:
    """As whom the server runs: it refuses to be root."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(_UNPRIVILEGED)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _program(name: str) -> str:
    versions = sorted(_PROGRAMS.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    assert versions, f"{name} is missing below {_PROGRAMS}: install the package postgresql"
    return str(versions[-1])
