"""Words of a line of mdoc: flags, arguments, enclosures, punctuation, names of systems and standards."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.manual import mdoc


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (".Fl a", "-a"),
        (".Fl a b", "-a -b"),
        (".Fl Fl long", "--long"),
        (".Fl -long Ns = Ns Ar file", "--long=file"),
        (".Op Fl f Ar file .", "[-f file]."),
        (".Op Fl a | b", "[-a | -b]"),
        (".Ar", "file ..."),
        (".Nm", "ring"),
        (".Nm :", "ring:"),
        (".Pq see Xr ring 2 , Xr bpf 4", "(see ring(2), bpf(4))"),
        (".Oo\n.Fl a\n.Ar b\n.Oc ,\nc", "[-a b], c"),
        (".Po one\n.Pc\ntwo", "(one) two"),
        (".Dq quoted words .", "“quoted words”."),
        (".Fn ring a b ,", "ring(a, b),"),
        (".Fn ring", "ring()"),
        (".In ring.h", "<ring.h>"),
        (".Pf # Ev HOME", "#HOME"),
        (".Em word Ns s", "words"),
        ("the\n.Em word\n.Ns s", "the words"),
        (".Ev HOME Ap s", "HOME's"),
        (".Lk https://a.example the page", "the page"),
        (".Lk https://a.example", "https://a.example"),
        (".Bx 4.3", "4.3BSD"),
        (".Fx 14.0 and Ox 7", "FreeBSD 14.0 and OpenBSD 7"),
        (".At v7", "Version 7 AT&T UNIX"),
        (".St -p1003.1-2008 .", "IEEE Std 1003.1-2008 (“POSIX.1”)."),
        (".Lb libring", "library “libring”"),
        (".Lb libelf", "ELF Access Library (libelf, -lelf)"),
        (".Ex -std", "The ring utility exits 0 on success, and >0 if an error occurs."),
        (".Eo <\n.Ar a\n.Ec >", "<a>"),
        (".Sm off\n.Ar a : b\n.Sm on\n.Ar c d", "a:b c d"),
        ('.Ql "Fl x"', "\u2018Fl x\u2019"),
    ],
)
def test_a_line_reads_as_its_page_shows_it(lines: str, text: str) -> None:
    assert mdoc(lines + "\n") == [Block(text)]


def test_several_functions_return() -> None:
    assert mdoc(".Rv -std a b\n")[0].text.startswith("The a() and b() functions return the value 0 if successful;")
