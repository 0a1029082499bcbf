"""A real, private slapd (OpenLDAP) on a loopback port: nothing outside its own folder, as an unprivileged user.

Debian packages: ``slapd``, and ``openssl`` for the certificates. The tree is loaded with ``slapadd`` before the
server starts.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from ctvpipe.sources.ldap_types import Encryption, Server
from tests.fakes.ldap_tree import SCHEMA, SUFFIX, ldif
from tests.integration.postgres_server import unprivileged
from tests.integration.smb_server import free_port, wait_for

READER = f"cn=night reader,{SUFFIX}"
PASSWORD = "Basalt-Heron-58"
_CONFIGURATION = """
{includes}
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
TLSCACertificateFile {folder}/ca.pem
sizelimit {limits}
database mdb
suffix "{suffix}"
rootdn "cn=manager,{suffix}"
directory {folder}/data
maxsize 1073741824
dbnosync
index objectClass eq
index uid,cn pres,eq,sub
access to attrs=userPassword by * auth
access to * by users read {anonymous}
"""


class LdapServer:
    """One slapd. Use it as a context manager; it is ended and its folder removed on leaving.

    ``limits``: as of ``sizelimit`` in slapd.conf(5). ``anonymous``: whether everybody may read.
    """

    def __init__(self, entries: Iterable[str], *, limits: str = "unlimited", anonymous: bool = False) -> None:
        self.port, self.tls_port = free_port(), free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="ctvpipe-slapd-"))
        self._entries = entries
        self._limits, self._anonymous = limits, anonymous
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._prepare()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    @property
    def ca_file(self) -> Path:
        """The certificate that vouches for the server."""
        return self._folder / "ca.pem"

    def described(self, encryption: Encryption = Encryption.LDAPS, **changed: Any) -> Server:
        """The server as the product's settings would describe it; ``changed``: other fields."""
        port = self.tls_port if encryption is Encryption.LDAPS else self.port
        known = {"host": "127.0.0.1", "port": port, "encryption": encryption, "ca_file": self.ca_file}
        account = {"user": READER, "password": PASSWORD, "called": "the campus directory"}
        return Server(**{**known, **account, "connect_seconds": 10.0, "answer_seconds": 30.0, **changed})

    def start(self) -> None:
        """Start slapd and wait until it takes connections."""
        addresses = f"ldap://127.0.0.1:{self.port}/ ldaps://127.0.0.1:{self.tls_port}/"
        command = [_program("slapd"), "-f", str(self._folder / "slapd.conf"), "-h", addresses, "-d", "0"]
        with (self._folder / "slapd.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **unprivileged()
            )
        wait_for(self._is_up, "slapd takes connections")

    def stop(self) -> None:
        """End it at once, connections or not."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(20)
            self._process = None

    def suspend(self) -> None:
        """SIGSTOP: connections are taken by the kernel, and nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def _prepare(self) -> None:
        folder = self._folder
        (folder / "data").mkdir()
        (folder / "campus.schema").write_text(SCHEMA)
        includes = "\n".join(
            f"include /etc/ldap/schema/{name}.schema" for name in ("core", "cosine", "nis", "inetorgperson")
        )
        anonymous = "by anonymous read" if self._anonymous else "by anonymous none"
        (folder / "slapd.conf").write_text(
            _CONFIGURATION.format(
                includes=f"{includes}\ninclude {folder}/campus.schema",
                folder=folder,
                limits=self._limits,
                suffix=SUFFIX,
                anonymous=anonymous,
            )
        )
        with (folder / "tree.ldif").open("w", encoding="utf-8") as file:
            reader = {"objectClass": ["organizationalRole", "simpleSecurityObject"], "userPassword": [PASSWORD]}
            for entry in (*self._entries, ldif(READER, {**reader, "cn": ["night reader"]})):
                file.write(entry)
        _certificates(folder)
        load = [_program("slapadd"), "-q", "-f", str(folder / "slapd.conf"), "-l", str(folder / "tree.ldif")]
        done = subprocess.run(load, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr[-4000:]
        if identity := unprivileged():
            for path in (folder, *folder.rglob("*")):
                os.chown(path, identity["user"], identity["group"])

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"slapd ended:\n{(self._folder / 'slapd.log').read_text(errors='replace')[-4000:]}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.tls_port), timeout=1):
            return True
        return False


def _certificates(folder: Path) -> None:
    """A certificate authority of the test's own, and a certificate for 127.0.0.1 from it."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    authority = ["-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Campus test CA"]
    server = ["-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "server.key", "-out", "server.pem"]
    names = ["-subj", "/CN=directory", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"]
    for arguments in (authority, [*server, *names]):
        subprocess.run(["openssl", "req", *key, *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    assert found, f"{name} is missing: install the package slapd"
    return found
