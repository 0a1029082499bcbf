"""The env-file reader against systemd's rules: systemd.exec(5), and what systemd itself makes of these files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core import envfile

CASES = {
    "plain": ("A=1\n", {"A": "1"}),
    "no newline at the end": ("A=1", {"A": "1"}),
    "empty file": ("", {}),
    "empty value": ("A=\nB=", {"A": "", "B": ""}),
    "later wins": ("A=1\nA=2\n", {"A": "2"}),
    "blank lines and indents": ("\n\n  A=1\n\t B=2\n", {"A": "1", "B": "2"}),
    "hash comment": ("# A=1\n  #B=2\nC=3\n", {"C": "3"}),
    "semicolon comment": ("; A=1\nC=3\n", {"C": "3"}),
    "no comment behind a value": ("A=1 # one\nB=x;y\n", {"A": "1 # one", "B": "x;y"}),
    "comment ending in a backslash (systemd 254)": ("# note \\\nA=1\n", {"A": "1"}),
    "comment with a backslash inside": ("# a \\b\nA=1\n", {"A": "1"}),
    "blanks around the name": ("A =1\n\tB\t=2\n", {"A": "1", "B": "2"}),
    "blanks before the value": ("A=  1\n", {"A": "1"}),
    "trailing blanks": ("A=1 \t \nB=2  ", {"A": "1", "B": "2"}),
    "inner blanks": ("A=one  two\n", {"A": "one  two"}),
    "equals sign in the value": ("A=b=c==\n", {"A": "b=c=="}),
    "CRLF": ("A=1\r\nB='2'\r\n\r\n# c\r\nC=\r\n", {"A": "1", "B": "2", "C": ""}),
    "export is no name": ("export X=1\nY=2\n", {"Y": "2"}),
    "name with a digit first": ("1A=1\nA1=1\n", {"A1": "1"}),
    "name with a dash": ("A-B=1\n", {}),
    "name with a dot or umlaut": ("A.B=1\nÄ=1\n", {}),
    "no name": ("=1\nA=2\n", {"A": "2"}),
    "no assignment": ("hello\nA=1\n", {"A": "1"}),
    "single quotes": ("A=' x '\n", {"A": " x "}),
    "double quotes": ('A=" x "\n', {"A": " x "}),
    "quotes mixed and joined": ('A=\'a "b"\'" c"\n', {"A": 'a "b" c'}),
    "blanks between quoted parts are dropped": ("A='a' \"b\"  c d\n", {"A": "abc d"}),
    "text after a quoted part keeps its quotes": ("A='a'b'c'\n", {"A": "ab'c'"}),
    "a quote inside a plain value is a character": ('A=it\'s\nB=b"c d"\n', {"A": "it's", "B": 'b"c d"'}),
    "blanks after a closing quote": ("A='x '  \n", {"A": "x "}),
    "empty quotes": ("A=''\nB=\"\"\n", {"A": "", "B": ""}),
    "no escapes in single quotes": ("A='a\\nb\\\\'\n", {"A": "a\\nb\\\\"}),
    "escapes in double quotes": (r'A="\"\\\`\$\n\x"' + "\n", {"A": '"\\`$\\n\\x'}),
    "escapes in plain values": ("A=a\\ b\\n\\\\\n", {"A": "a bn\\"}),
    "escaped leading blank": ("A=\\  x\n", {"A": "  x"}),
    "escaped trailing blank": ("A=x\\ \n", {"A": "x "}),
    "continuation": ("A=one \\\n two\n", {"A": "one  two"}),
    "continuation keeps the blanks before it": ("A=one \\\n\nB=1\n", {"A": "one ", "B": "1"}),
    "continuation then blanks": ("A=one \\\n  \n", {"A": "one "}),
    "continuation in double quotes": ('A="one\\\ntwo"\n', {"A": "onetwo"}),
    "continuation in single quotes is none": ("A='one\\\ntwo'\n", {"A": "one\\\ntwo"}),
    "newline in quotes": ("A='one\ntwo'\nB=\"x\ny\"\n", {"A": "one\ntwo", "B": "x\ny"}),
    "quotes left open at the end": ("A='one", {"A": "one"}),
    "backslash at the end": ("A=b \\", {"A": "b "}),
    "backslash at the end of double quotes": ('A="b\\', {"A": "b"}),
    "nothing is expanded": ("A=$HOME ${A} `id` $(id)\n", {"A": "$HOME ${A} `id` $(id)"}),
    "UTF-8": ("A=Größe ✓\n", {"A": "Größe ✓"}),
    "carriage return in quotes": ("A='a\r\nb'\n", {"A": "a\r\nb"}),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_reads_as_systemd_does(text: str, expected: dict[str, str]) -> None:
    assert envfile.parse(text) == expected


printable = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n\r"))


@given(printable)
def test_single_quoted_value_comes_back(value: str) -> None:
    quoted = "'" + value.replace("'", "'\"'\"'") + "'"
    assert envfile.parse(f"A=1\nV={quoted}\nB=2\n") == {"A": "1", "V": value, "B": "2"}


@given(printable)
def test_double_quoted_value_comes_back(value: str) -> None:
    escaped = "".join(f"\\{c}" if c in '"\\`$' else c for c in value)
    assert envfile.parse(f'V="{escaped}"\n') == {"V": value}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1))
def test_backslash_quoted_value_comes_back(value: str) -> None:
    assert envfile.parse("V=" + "".join(f"\\{c}" for c in value)) == {"V": value}


@given(st.text(alphabet="AB=#; '\"\\\n\r\t$x"))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert all(name.isidentifier() for name in envfile.parse(text))
