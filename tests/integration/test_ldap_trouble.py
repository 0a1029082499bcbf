"""A server that lets nobody in, is not there, stops, or says what it likes: an error of one line, and nothing of it in it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ctvpipe.core.errors import ConfigurationError, CtvpipeError
from ctvpipe.sources import ldap, ldap_errors
from ctvpipe.sources.ldap_types import Encryption, Query, Server
from ctvpipe.sources.pacing import Patience
from tests.fakes.ldap_responder import Directory, responding
from tests.fakes.ldap_tree import PEOPLE, SUFFIX, people, top
from tests.integration.ldap_server import PASSWORD, READER, LdapServer
from tests.integration.smb_server import free_port, wait_for

QUERY = Query(PEOPLE, "(uid=*)", ("uid",), page_size=100)
TOLD = (PASSWORD, "night reader", "campus,dc", "somebody", "uid=")


@pytest.fixture(scope="module")
def server() -> Iterator[LdapServer]:
    """A slapd with 250 people."""
    with LdapServer([*top(), *people(250)]) as running:
        yield running


def failed(server: Server, query: Query = QUERY, *, tries: int = 1) -> CtvpipeError:
    """The error of reading, which is one line, has advice, and tells nothing of what the server or the settings hold."""
    with pytest.raises(CtvpipeError) as caught:
        list(ldap.read(server, query, patience=Patience(tries=tries), sleep=lambda _: None))
    error = caught.value
    assert "\n" not in str(error)
    assert not any(word in f"{error} {error.advice}" for word in TOLD)
    assert error.__cause__ is None
    return error


def directory(**behaviour: object) -> Directory:
    entries = {f"uid=n{number},{PEOPLE}": {"uid": [b"n%d" % number]} for number in range(300)}
    return Directory({PEOPLE: {"ou": [b"People"]}, **entries}, **behaviour)  # type: ignore[arg-type]


def test_a_wrong_password_is_told_and_not_tried_again(server: LdapServer) -> None:
    error = failed(server.described(password="wrong-One-17"), tries=3)
    assert type(error) is ldap_errors.LoginRefused
    assert str(error) == "the campus directory refused the login"


@pytest.mark.parametrize(
    ("number", "reason"), [("52e", "the password is wrong"), ("775", "the account is locked"), ("999", "")]
)
def test_active_directory_says_why(number: str, reason: str) -> None:
    text = f"80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data {number}, somebody v3839"
    with responding(directory(refuses=(49, text))) as fake:
        error = failed(fake.described(user=READER, password=PASSWORD))
    assert str(error).endswith(f"refused the login: {reason}" if reason else "refused the login")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (8, ldap_errors.NotEncrypted), (13, ldap_errors.NotEncrypted), (51, ldap_errors.ServerBusy),
        (52, ldap_errors.ServerBusy), (80, ldap_errors.ServerTrouble), (53, ldap_errors.SearchRefused),
    ],
)  # fmt: skip
def test_every_code_is_an_error_of_its_own(code: int, error: type[CtvpipeError]) -> None:
    with responding(directory(refuses=(code, "see cn=somebody"))) as fake:
        assert type(failed(fake.described())) is error


def test_a_base_that_is_not_there(server: LdapServer) -> None:
    missing = replace(QUERY, base=f"ou=Nobody,{SUFFIX}")
    assert type(failed(server.described(), missing)) is ldap_errors.BaseMissing
    assert type(failed(server.described(), replace(missing, split_by="uid"))) is ldap_errors.BaseMissing


@pytest.mark.parametrize("text", ["(uid=*", "uid", "(&(uid=*)", ""])
def test_a_filter_that_cannot_be_read(server: LdapServer, text: str) -> None:
    assert type(failed(server.described(), replace(QUERY, filter=text))) is ldap_errors.SearchRefused


def test_a_time_limit_is_an_error_and_no_end() -> None:
    error = ldap_errors.failure("the campus directory", 3)
    assert type(error) is ldap_errors.TimeLimit


@pytest.mark.parametrize("encryption", Encryption)
def test_nobody_there(encryption: Encryption, server: LdapServer) -> None:
    described = Server("127.0.0.1", free_port(), encryption, server.ca_file, called="the campus directory")
    assert type(failed(described)) is ldap_errors.Unreachable
    assert type(failed(replace(described, host="no-such-name.invalid"))) is ldap_errors.NameUnknown


def test_a_connection_is_tried_for_a_bounded_number_of_times() -> None:
    error = failed(Server("127.0.0.1", free_port(), Encryption.NONE, called="the campus directory"), tries=3)
    assert str(error).endswith("(3 tries)")


@pytest.mark.parametrize("encryption", [Encryption.LDAPS, Encryption.STARTTLS])
def test_a_certificate_is_checked(server: LdapServer, encryption: Encryption) -> None:
    unknown = failed(server.described(encryption, ca_file=None))
    other_name = failed(server.described(encryption, host="localhost"))
    assert type(unknown) is type(other_name) is ldap_errors.CertificateRefused
    assert "self-signed" in str(unknown) or "unable to get" in str(unknown)
    assert "localhost" in str(other_name)


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("encryption", [Encryption.LDAPS, Encryption.STARTTLS])
def test_a_server_that_does_not_encrypt(encryption: Encryption, answers: bool, server: LdapServer) -> None:
    with responding(directory(knows_extensions=answers)) as fake:
        error = failed(fake.described(encryption=encryption, ca_file=server.ca_file))
    assert type(error) is ldap_errors.NotEncrypted


def test_a_file_of_certificates_that_is_none(tmp_path: Path, server: LdapServer) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        assert type(failed(server.described(ca_file=path))) is ConfigurationError


def test_no_password_leaves_the_machine_unencrypted() -> None:
    open_server = Server("directory.example.edu", 389, Encryption.NONE, user=READER, password=PASSWORD)
    error = failed(open_server)
    assert type(error) is ConfigurationError
    assert type(failed(replace(open_server, host="127.0.0.1", password=""))) is ConfigurationError


@pytest.mark.parametrize("split_by", ["", "uid"])
def test_a_server_that_stops_in_the_middle_is_an_error_and_no_end(split_by: str) -> None:
    with responding(directory(ends_after=150)) as fake:
        error = failed(fake.described(), replace(QUERY, split_by=split_by))
    assert type(error) is ldap_errors.ConnectionLost


def test_a_connection_that_breaks_before_anything_was_passed_on_is_made_again() -> None:
    """A search that may be split is held back, and so asked for again; page by page it cannot be."""
    with responding(directory(ends_after=150, ends=2)) as fake:
        reading = ldap.read(
            fake.described(), replace(QUERY, split_by="uid"), patience=Patience(tries=3), sleep=lambda _: None
        )
        assert len(list(reading)) == 300
    assert fake.connections > 2


@pytest.mark.parametrize("after", [0, 1])
def test_a_server_that_is_killed_under_a_reader(after: int) -> None:
    with LdapServer([*top(), *people(250)]) as running:
        reading = ldap.read(running.described(), QUERY, patience=Patience(tries=1))
        for _ in range(after):
            next(reading)
        running.stop()
        with pytest.raises((ldap_errors.ConnectionLost, ldap_errors.Unreachable)):
            list(reading)


def test_a_server_that_is_suspended_is_not_waited_for_for_ever() -> None:
    with LdapServer([*top(), *people(250)]) as running:
        running.suspend()
        for encryption in Encryption:
            error = failed(running.described(encryption, connect_seconds=0.3, answer_seconds=0.3))
            assert type(error) is ldap_errors.ServerSilent


def test_a_server_that_drips_is_not_waited_for_for_ever() -> None:
    with responding(directory(drips=True)) as fake:
        assert type(failed(fake.described(answer_seconds=0.4))) is ldap_errors.ServerSilent


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x30\x03\x02\x01\x63", b"\x30\x84\x00"])
def test_something_else_answers(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        described = Server(
            "127.0.0.1", listener.getsockname()[1], Encryption.NONE, called="the campus directory", connect_seconds=0.5
        )
        answering(listener, answer)
        assert isinstance(failed(described), ldap_errors.ServerTrouble | ldap_errors.ConnectionLost)


def answering(listener: socket.socket, answer: bytes) -> None:
    """One client is told ``answer``, and no more, by a thread that ends with it."""

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.recv(1000)
            client.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()


@pytest.mark.parametrize(
    ("reference", "is_error"),
    [
        ("ldap://other.example.edu/OU=Somebody,DC=example,DC=edu??sub", True),
        ("ldap://DomainDnsZones.example.edu/DC=DomainDnsZones,DC=example,DC=edu", False),
        ("ldap://example.edu/CN=Configuration,DC=example,DC=edu", False),
    ],
)
def test_a_part_on_another_server_is_missing_unless_it_is_of_no_interest(reference: str, is_error: bool) -> None:
    with responding(directory(references=(reference,))) as fake:
        if is_error:
            assert type(failed(fake.described())) is ldap_errors.Elsewhere
        else:
            assert len(list(ldap.read(fake.described(), QUERY))) == 300


def test_whoever_stops_reading_leaves_no_connection() -> None:
    with responding(directory()) as fake:
        reading = ldap.read(fake.described(), QUERY)
        next(reading)
        assert fake.open == 1
        reading.close()  # type: ignore[attr-defined]
        wait_for(lambda: not fake.open, "the connection is closed")
