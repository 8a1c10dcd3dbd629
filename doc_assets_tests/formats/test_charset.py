"""Bytes to text: byte-order marks, UTF-8, what a page or an editor declares, and what is no text."""

from __future__ import annotations

import codecs
import re

import pytest
from webencodings.labels import LABELS

from doc_assets.errors import DocumentRejected
from doc_assets.formats.charset import _codec, decode

# A label that Python does not know, or takes for another encoding; Python's codec for it, and a text of its languages.
_TEXTS = {
    "windows-874": ("cp874", "ขนาด"),
    "iso-8859-11": ("cp874", "ขนาด"),
    "dos-874": ("cp874", "ขนาด"),
    "iso88592": ("iso8859-2", "łódź"),
    "l2": ("iso8859-2", "łódź"),
    "csisolatin9": ("iso8859-15", "œuvre €"),
    "iso-8859-9": ("cp1254", "\u0131ş\u0131k “x”"),
    "x-mac-cyrillic": ("mac-cyrillic", "размер"),
    "koi8-ru": ("koi8-u", "розмір"),
    "koi": ("koi8-r", "размер"),
    "x-cp1251": ("cp1251", "размер"),
    "sun_eu_greek": ("iso8859-7", "μέγεθος"),
    "iso-8859-8-i": ("iso8859-8", "גודל"),
    "logical": ("iso8859-8", "גודל"),
    "iso-8859-6-e": ("iso8859-6", "حجم"),
    "x-sjis": ("cp932", "日本語①"),
    "windows-31j": ("cp932", "日本語①"),
    "x-euc-jp": ("euc_jp", "日本語"),
    "ks_c_5601-1987": ("cp949", "한국어"),
    "windows-949": ("cp949", "똠방"),
    "x-gbk": ("gb18030", "中文"),
    "gb_2312-80": ("gb18030", "中文"),
    "cn-big5": ("big5hkscs", "中文"),
    "iso-ir-100": ("cp1252", "Größe “x”"),
    "mac": ("mac-roman", "Größe “x”"),
}


def test_the_table_is_the_standards() -> None:
    assert len(LABELS) == 228
    for label in LABELS:
        declared = _codec(re.fullmatch(b"(.*)", label.encode()))
        assert declared is not None
        if declared not in ("replacement", "x-user-defined"):
            codecs.lookup(declared)


@pytest.mark.parametrize("label", _TEXTS)
def test_a_label_means_what_browsers_take_it_for(label: str) -> None:
    codec, text = _TEXTS[label]
    data = text.encode(codec)
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
