"""Escapes in a line, and arguments of macros."""

from __future__ import annotations

import pytest

from doc_assets.formats.man.escapes import JOINED, arguments, plain


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"\fBb\fP \f(CWc\fR \f[I]d\f[]", "b c d"),
        (r"\s-1A\s0 \s+2B\s0 \s(12C\s[0] \s'9'D \s12E", "A B C D E"),
        (r"\-x \(aq \(dq \[rs] \e \\", "-x ' \" \\ \\ \\"),
        (r"a\ b\~c\0d", "a b c d"),
        (r"a\&b\|c\^d\%e\:f\/g\,h", "abcdefgh"),
        (r"\(bu \(em \[u2014] \[char65] \N'66' \C'co'", "• — — A B ©"),
        (r"\('e \[e ']x", "é x"),
        (r"a\h'-04'b\h'+03'c\v'1m'd\l'5n'e", "ab cde"),
        (r"\m[red]a\m[] \M[blue]b \kx\F[C]c", "a b c"),
        (r"\o'ab' \zc \b'de'", "a c de"),
        (r"\Z'kept'\X'device' .", "kept ."),
        (r"a\c", f"a{JOINED}"),
        (r"a\u1\d \.b \'c", "a1 .b 'c"),
        (r"ends in \f", "ends in "),
        (r"ends in \(", "ends in ("),
    ],
)
def test_escapes_leave_what_a_reader_sees(source: str, text: str) -> None:
    assert plain(source) == text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a b  c", ["a", "b", "c"]),
        ('"a b" c', ["a b", "c"]),
        ('"a ""b""" c', ['a "b"', "c"]),
        (r"a\ b c", [r"a\ b", "c"]),
        ('"" a', ["", "a"]),
        ('a"b', ['a"b']),
        ('"open', ["open"]),
        ("", []),
    ],
)
def test_arguments_are_divided_as_roff_does(source: str, words: list[str]) -> None:
    assert arguments(source) == words
