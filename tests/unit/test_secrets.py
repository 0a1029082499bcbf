"""Where secrets are taken from, and that they leave no trace in a text."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.core.secrets import MASK, Scrubber, resolve


def test_variable_then_file_then_credential(tmp_path: Path) -> None:
    (tmp_path / "TOKEN").write_text("from the credential\n")
    file = tmp_path / "file"
    file.write_text("from the file\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert resolve("TOKEN", environ) == "from the credential"
    environ["TOKEN_FILE"] = str(file)
    assert resolve("TOKEN", environ) == "from the file"
    environ["TOKEN"] = "from the variable"
    assert resolve("TOKEN", environ) == "from the variable"
    environ["TOKEN"] = ""
    assert resolve("TOKEN", environ) == "from the file"
    assert resolve("OTHER", environ) is None


@pytest.mark.parametrize(
    ("content", "value"),
    [(b"x", "x"), (b"x\n", "x"), (b"x\r\n", "x"), (b" x \n", " x "), (b"x\ny\n", "x\ny"), (b"", "")],
)
def test_one_newline_at_the_end_belongs_to_the_file(tmp_path: Path, content: bytes, value: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert resolve("TOKEN", {"TOKEN_FILE": str(file)}) == value


def test_a_named_file_must_be_readable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^TOKEN_FILE: cannot read .*: No such file or directory$"):
        resolve("TOKEN", {"TOKEN_FILE": str(tmp_path / "missing")})
    (tmp_path / "TOKEN").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"^the systemd credential TOKEN: .*: not UTF-8 text$"):
        resolve("TOKEN", {"CREDENTIALS_DIRECTORY": str(tmp_path)})


def scrubber(*secrets: str) -> Scrubber:
    made = Scrubber()
    made.learn(secrets)
    return made


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=3), st.text(), st.text())
def test_no_form_of_a_secret_stays(secret: str, before: str, after: str) -> None:
    assume(MASK not in secret and secret not in MASK)
    clean = scrubber(secret).clean
    for form in (secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1]):
        assert form not in clean(f"{before}<{form}>{after}").replace(MASK, "")
    assert clean(f"<{secret!r}>") in {f"<'{MASK}'>", f'<"{MASK}">'}
    assert clean(f"<{secret.encode()!r}>") in {f"<b'{MASK}'>", f'<b"{MASK}">'}


def test_a_secret_inside_another_is_no_way_around() -> None:
    clean = scrubber("alpha", "alphabet", "betamax").clean
    assert clean("alphabet betamax alpha") == f"{MASK} {MASK} {MASK}"


def test_in_a_traceback() -> None:
    try:
        raise ValueError("login with 'S3cret/päss' failed")  # noqa: TRY301
    except ValueError:
        text = traceback.format_exc()
    assert "S3cret" not in scrubber("S3cret/päss").clean(text)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("postgresql://user:p%40ssw0rd@db.example/sales", "no login with p@ssw0rd"),
        ("postgresql://user:p%2fss@db.example/sales", "raw p%2fss"),
        ("postgresql://db.example/sales?password=hunter22", "hunter22 refused"),
        ("https://hooks.slack.com/services/T0AAAA/B0BBBB/abcdEFGH1234", "404 at /services/T0AAAA/B0BBBB/abcdEFGH1234"),
        (
            "https://hc.example/ping/7c1d9a52-0d3e-4f7e-a2f4-aaaaaaaaaaaa/x",
            "url: /ping/7c1d9a52-0d3e-4f7e-a2f4-aaaaaaaaaaaa/1",
        ),
        ("https://push.example/send?token=AbCdEf123456", "token=AbCdEf123456"),
        ("ntfy://host.example/hushhush", "to topic 'hushhush'"),
        ("ntfy://hushhush", "to topic 'hushhush'"),
        ("pover://userkey1@tokentoken", "userkey1 tokentoken"),
        ("tgram://123456789:AAbbCCdd/555666777", "bot 123456789:AAbbCCdd chat 555666777"),
        ("mailto://reports:passpass@mail.example json://10.0.0.9/hook/s3cret99", "passpass /s3cret99"),
    ],
)
def test_the_telling_parts_of_an_address_are_secret(url: str, text: str) -> None:
    tokens = {
        *("p@ssw0rd", "p%2fss", "hunter22", "abcdEFGH1234", "7c1d9a52", "AbCdEf123456", "hushhush", "userkey1"),
        *("tokentoken", "AAbbCCdd", "555666777", "123456789", "passpass", "s3cret99"),
    }
    cleaned = scrubber(url).clean(f"{text} {url}")
    assert MASK in cleaned
    assert not [token for token in tokens if token in cleaned]


def test_plain_words_of_addresses_stay_readable() -> None:
    clean = scrubber(
        "postgresql://ctvpipe:pw-1234@db.example/commercial",
        "https://hooks.slack.com/services/T0AAAA/B0BBBB/abcdEFGH1234",
        "https://hc.example/ping/AbCdEf123456/commercial-import",
    ).clean
    line = "ERROR: commercial-import failed: 2 services, run ctvpipe status"
    assert clean(line) == line
