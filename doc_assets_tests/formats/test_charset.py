"""Bytes to text: byte-order marks, UTF-8, what a page or an editor declares, and what is no text."""

from __future__ import annotations

import codecs

import pytest

from doc_assets.errors import DocumentRejected
from doc_assets.formats.charset import decode
from doc_assets.formats.encoding_labels import CODECS

# One label that Python does not know, or takes for another encoding, and a text of its languages.
_TEXTS = {
    "windows-874": "ขนาด",
    "iso-8859-11": "ขนาด",
    "dos-874": "ขนาด",
    "iso88592": "łódź",
    "l2": "łódź",
    "csisolatin9": "œuvre €",
    "iso-8859-9": "\u0131ş\u0131k “x”",
    "x-mac-cyrillic": "размер",
    "koi8-ru": "розмір",
    "koi": "размер",
    "x-cp1251": "размер",
    "sun_eu_greek": "μέγεθος",
    "iso-8859-8-i": "גודל",
    "logical": "גודל",
    "iso-8859-6-e": "حجم",
    "x-sjis": "日本語①",
    "windows-31j": "日本語①",
    "x-euc-jp": "日本語",
    "ks_c_5601-1987": "한국어",
    "windows-949": "똠방",
    "x-gbk": "中文",
    "gb_2312-80": "中文",
    "cn-big5": "中文",
    "iso-ir-100": "Größe “x”",
    "mac": "Größe “x”",
}


def test_the_table_is_the_standards() -> None:
    assert len(CODECS) == 228
    for codec in set(CODECS.values()) - {"replacement", "x-user-defined"}:
        codecs.lookup(codec)


@pytest.mark.parametrize("label", _TEXTS)
def test_a_label_means_what_browsers_take_it_for(label: str) -> None:
    text = _TEXTS[label]
    data = text.encode(CODECS[label])
    assert decode(b'<meta charset="%s"><p>%s</p>' % (label.upper().encode(), data), html=True).endswith(
        f"<p>{text}</p>"
    )


@pytest.mark.parametrize(
    "declaration",
    [
        '<meta charset="windows-1251">',
        "<META CHARSET=windows-1251>",
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
        "<meta http-equiv=content-type content='text/html;charset = windows-1251 '>",
        '<?xml version="1.0" encoding="windows-1251"?>',
        '<!-- <meta charset="windows-1253"> --><meta charset="windows-1251">',
    ],
)
def test_a_declaration_may_stand_in_each_of_its_places(declaration: str) -> None:
    assert decode(f"{declaration}<p>размер</p>".encode("cp1251"), html=True).endswith("<p>размер</p>")


def test_a_mark_or_valid_utf_8_outweighs_a_declaration() -> None:
    page = '<meta charset="windows-1251"><p>размер</p>'
    assert decode(page.encode("utf-8-sig"), html=True) == page
    assert decode(page.encode("utf-16"), html=True) == page
    assert decode(page.encode(), html=True) == page


def test_pages_in_utf_16_are_read_without_a_mark() -> None:
    page = "<html><p>размер</p>"
    assert decode(page.encode("utf-16-le"), html=True) == decode(page.encode("utf-16-be"), html=True) == page


@pytest.mark.parametrize(
    "page",
    [
        b'<meta charset="iso-2022-kr"><p>\x1b$)C\x0e0!\x0f</p>',
        b'<meta charset="hz-gb-2312"><p>~{VPND~}</p>',
        b'<meta charset="iso-2022-cn"><p>\x1b$)A\x0eVP\x0f</p>',
        b'<meta charset="x-user-defined"><p>\xe1\xf2\xf3</p>',
    ],
)
def test_encodings_that_browsers_do_not_read_are_refused_by_name(page: bytes) -> None:
    label = page.split(b'"')[1].decode()
    with pytest.raises(DocumentRejected, match=f"encoding {label}, .* convert it to UTF-8"):
        decode(page, html=True)


@pytest.mark.parametrize("label", ["iso-2022-kr", "x-user-defined", "no-such-thing", "utf-16", "undefined", "idna"])
def test_plain_letters_are_read_whatever_is_declared(label: str) -> None:
    assert decode(f'<meta charset="{label}"><p>Plain</p>'.encode(), html=True).endswith("<p>Plain</p>")


@pytest.mark.parametrize(
    ("line", "codec"),
    [
        (".. -*- coding: latin-1 -*-\n\n", "cp1252"),
        ("<!-- -*- mode: markdown; coding: koi8-r -*- -->\n", "koi8-r"),
        ("Title\n% vim: set fileencoding=windows-1251 :\n", "cp1251"),
    ],
)
def test_an_editors_line_names_the_encoding_of_a_text(line: str, codec: str) -> None:
    word = "размер" if codec != "cp1252" else "Größe"
    assert decode((line + word).encode(codec)) == line + word


def test_a_third_line_and_a_text_in_utf_8_are_not_touched_by_it() -> None:
    assert decode("a\nb\ncoding: koi8-r\nGröße".encode("cp1252")).endswith("Größe")
    assert decode("coding: koi8-r\nGröße".encode()).endswith("Größe")
