"""Odd files: cut, malformed, unusual or at the edge of what a format allows, with the outcomes that are sound.

Each is small and harmless to every parser: what a limit refuses is shown beside its limit, with a small one.

``test_hostile_inputs`` runs them. A case is data; links, pipes and folders without permission are made by the test
itself.
"""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass
from typing import Any

LOAD = frozenset({"loaded"})
SKIP = frozenset({"skipped"})
REJECT = frozenset({"rejected"})
LOAD_OR_SKIP = LOAD | SKIP
LOAD_OR_REJECT = LOAD | REJECT
# Where either is sound, but never an error that nobody foresaw: the outcome's reason says what the file is.
ANY = LOAD | SKIP | REJECT

MANY = 200
DEEP = 12
BASE64 = "iVBORw0KGgo" + "QUJDREVG" * 1_000


@dataclass(frozen=True)
class Case:
    """A file and what has to become of it.

    Attributes:
        path: Where it stands in the source.
        data: Its bytes.
        outcomes: Those that are sound.
        holds: Words that its text has, where it is loaded.
        lacks: Words that its text has not.
    """

    path: str
    data: bytes
    outcomes: frozenset[str]
    holds: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


def _case(
    path: str, data: str | bytes, outcomes: frozenset[str], *holds: str, lacks: str | tuple[str, ...] = ()
) -> Case:
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    return Case(path, raw, outcomes, holds, (lacks,) if isinstance(lacks, str) else lacks)


def _notebook(*cells: object, **keys: Any) -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **keys})


def _code(source: object, *outputs: object) -> dict[str, object]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": list(outputs), "execution_count": None}


def _said(text: object) -> dict[str, object]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _image(data: str) -> dict[str, object]:
    return {"output_type": "display_data", "metadata": {}, "data": {"image/png": data, "text/plain": "<Figure size>"}}


_SOUND = _said("sound words")
_SHEETS = [{"cells": [{"cell_type": "code", "input": ["print 2"], "language": "python", "outputs": []}]}]

NOTEBOOKS = (
    _case("sound.ipynb", _notebook(_SOUND), LOAD, "sound words"),
    _case("empty.ipynb", "", REJECT),
    _case("white_space.ipynb", " \n\n", REJECT),
    _case("null.ipynb", "null", REJECT),
    _case("number.ipynb", "1e999", REJECT),
    _case("list.ipynb", "[1, 2]", REJECT),
    _case("other_json.ipynb", '{"name": "x", "version": "1"}', REJECT),
    _case("cut.ipynb", _notebook(_SOUND)[:-20], REJECT),
    _case("two_documents.ipynb", _notebook(_SOUND) * 2, REJECT),
    _case("no_cells.ipynb", _notebook(), SKIP),
    _case("cells_mapping.ipynb", '{"nbformat": 4, "cells": {"0": {}}}', REJECT),
    _case("cells_null.ipynb", '{"nbformat": 4, "cells": null}', REJECT),
    _case("cells_odd.ipynb", _notebook(1, None, [], {}, {"cell_type": ["x"]}, {"source": 7}, _SOUND), LOAD, "sound"),
    _case("no_metadata.ipynb", '{"cells": [{"cell_type": "markdown", "source": ["a ", "joined"]}]}', LOAD, "a joined"),
    _case(
        "source_odd.ipynb", _notebook(_code(["a\n", 3, None, ["b"], "c = 1"]), _said({"a": 1}), _SOUND), LOAD, "c = 1"
    ),
    _case("first_version.ipynb", json.dumps({"nbformat": 1, "cells": [{"cell_type": "code", "code": "x"}]}), ANY),
    _case("second_version.ipynb", json.dumps({"nbformat": 2, "worksheets": _SHEETS}), LOAD_OR_REJECT),
    _case("third_version.ipynb", json.dumps({"nbformat": 3, "metadata": {}, "worksheets": _SHEETS}), LOAD, "print 2"),
    _case("third_odd.ipynb", '{"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [7]}]}', REJECT),
    _case("worksheets_in_4.ipynb", json.dumps({"nbformat": 4, "worksheets": _SHEETS}), LOAD, "print 2"),
    _case("future.ipynb", _notebook(_SOUND, nbformat=99), LOAD, "sound words"),
    _case("version_text.ipynb", _notebook(_SOUND, nbformat="four"), LOAD, "sound words"),
    _case("surrogate.ipynb", _notebook(_said("half \ud800 a pair")), LOAD, "half \ufffd a pair"),
    _case("nul.ipynb", _notebook(_code("nul = '\0' # word")), LOAD, "word"),
    _case("nan.ipynb", _notebook(_SOUND, metadata={"a": float("nan"), "b": float("inf")}), LOAD, "sound words"),
    _case("keys_twice.ipynb", '{"cells": 1, "cells": [{"cell_type": "markdown", "source": "second"}]}', LOAD, "second"),
    _case("long_number.ipynb", '{"n": %s, "cells": [{"cell_type": "code", "source": "x = y"}]}' % ("9" * 401), LOAD),
    _case("base64.ipynb", _notebook(_code("show()", _image(BASE64)), _code(f"b = '{BASE64}'")), LOAD, "show()"),
    _case("attachment.ipynb", _notebook({**_said("see ![x](attachment:x.png)"), "attachments": {"x": BASE64}}), LOAD),
    _case("data_uri.ipynb", _notebook(_said(f"see ![x](data:image/png;base64,{BASE64}) there")), LOAD, "there"),
    _case("deep_metadata.ipynb", f'{{"m": {"[" * DEEP}{"]" * DEEP}, "cells": []}}', SKIP),
    _case("deep_unclosed.ipynb", '{"a":' * DEEP, REJECT),
    _case("many_cells.ipynb", _notebook(*[_said("word")] * MANY), LOAD, "word"),
    _case("many_outputs.ipynb", _notebook(_code("x = y", *[_image("a")] * MANY)), LOAD, "x = y"),
    _case("long_output.ipynb", _notebook(_code("x", {"output_type": "stream", "text": "word\n" * MANY})), LOAD, "word"),
    _case("progress.ipynb", _notebook(_code("x = y", {"output_type": "stream", "text": "a\r" * MANY})), LOAD),
    _case("many_buttons.ipynb", _notebook(_said("http " + "<table>" * DEEP + " words")), ANY),
    _case("lfs.ipynb", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", REJECT),
    _case("page.ipynb", "<!DOCTYPE html><title>404</title>", REJECT),
    _case("utf8_bom.ipynb", codecs.BOM_UTF8 + _notebook(_SOUND).encode(), LOAD, "sound words"),
    _case("utf16.ipynb", _notebook(_SOUND).encode("utf-16"), LOAD, "sound words"),
    _case("bad_utf8.ipynb", _notebook(_SOUND).encode().replace(b"sound", b"so\xffund"), LOAD, "so\ufffdund words"),
    _case("binary.ipynb", bytes(range(256)) * 20, REJECT),
)

_LETTERS = "aé漢\U0001f600"

ENCODINGS = (
    _case("white_space.md", " \n\t\u00a0\u200b\u2003\ufeff\n", SKIP),
    _case("only_nul.md", b"\0" * 5_000, SKIP | REJECT),
    _case("nul_inside.md", b"# Title\n\nA word\0 with NUL.\n", LOAD_OR_REJECT),
    _case("nul_late.md", b"word " * 4_000 + b"\0\0 end", LOAD, "end"),
    _case("utf8_bom.md", b"\xef\xbb\xbf---\ntitle: Stated\n---\nText.\n", LOAD, "Text.", lacks="\ufeff"),
    _case("utf16_le.md", codecs.BOM_UTF16_LE + f"# T\n\n{_LETTERS} text\n".encode("utf-16-le"), LOAD, _LETTERS),
    _case("utf16_be.md", codecs.BOM_UTF16_BE + f"# T\n\n{_LETTERS} text\n".encode("utf-16-be"), LOAD, _LETTERS),
    _case("utf16_odd.md", codecs.BOM_UTF16_LE + "# T\n\ntext".encode("utf-16-le") + b"\x41", LOAD, "text"),
    _case("utf16_no_bom.md", "# T\n\ntext\n".encode("utf-16-le"), LOAD_OR_REJECT),
    _case("utf32_le.md", codecs.BOM_UTF32_LE + "# T\n\ntext".encode("utf-32-le"), LOAD_OR_REJECT),
    _case("utf32_be.md", codecs.BOM_UTF32_BE + "# T\n\ntext".encode("utf-32-be"), LOAD_OR_REJECT),
    _case("cp1252.md", "Größe “quoted” • dot".encode("cp1252"), LOAD, "Größe “quoted” • dot"),
    _case("cut.md", "Text with an é".encode()[:-1], LOAD, "Text with an"),
    _case("overlong.md", b"slash \xc0\xaf and \xed\xa0\x80 words", LOAD, "words"),
    _case(
        "control.md",
        "# T\n\nred \x1b[31mword\x1b[0m bell\x07 back\x08 feed\x0c \x7f end\n",
        LOAD,
        "red word",
        lacks="\x1b",
    ),
    _case("bidi.md", "# T\n\nshown \u202ereversed\u202c and \u2066isolated\u2069 words\n", LOAD, "words"),
    _case("zero_width.md", "# T\n\nze" + "\u200b" * MANY + "ro words\n", LOAD, "words"),
    _case("combining.md", "# T\n\n" + ("e" + "\u0301" * 30 + " ") * 50, LOAD),
    _case("noncharacters.md", "# T\n\n\ufffe\uffff\U0010ffff\ufdd0 words\n", LOAD, "words"),
    _case("cr_only.md", "# Title\r\rFirst.\r\r## Part\rSecond.\r", LOAD, "Second.", lacks="\r"),
    _case("mixed_ends.md", "# Title\r\n\rFirst.\u2028Second.\n\r\nThird.\u2029", LOAD, "Third.", lacks="\r"),
    _case("ansi.md", "# T\n\n" + "\x1b]" * MANY + "\n\nwords\n", LOAD),
    _case("random.md", bytes((i * 7919 + 13) % 256 for i in range(5_000)), REJECT),
    _case("png.md", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\1\2" * 500, REJECT),
    _case("gzip.md", b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + bytes(range(256)) * 8, REJECT),
    _case("declared.html", '<meta charset="windows-1251"><p>Привет</p>'.encode("cp1251"), LOAD, "Привет"),
    _case("xhtml.html", '<?xml version="1.0" encoding="latin1"?><p>Größe</p>'.encode("latin-1"), LOAD, "Größe"),
    _case("wrongly_declared.html", b'<meta charset="utf-8"><p>Gr\xf6\xdfe caf\xe9</p>', LOAD, "Größe café"),
    _case("utf7.html", b'<meta charset="utf-7"><p>+ADw-script+AD4-</p>', LOAD, "+ADw-"),
    _case("slow_codec.html", b'<meta charset="punycode"><p>words \xff' + b"a-" * 20 + b"</p>", LOAD, "words"),
    _case("no_codec.html", b'<meta charset="rot13"><p>words</p>', LOAD, "words"),
    _case("utf16_claimed.html", b'<meta charset="utf-16"><p>words</p>', LOAD, "words"),
)

_ALIASES = "a: &a words\nb: [" + ", ".join(["*a"] * 21) + "]\n"

MARKDOWN = (
    _case("one_word.md", "x" * 5_000, LOAD_OR_REJECT),
    _case("long_line.md", "word " * 2_000, LOAD),
    _case("fences.md", "```\n" * 21, LOAD_OR_SKIP),
    _case("headings.md", "".join(f"# h{i}\n" for i in range(MANY)), LOAD),
    _case("same_headings.md", "# Same\n" * MANY, LOAD),
    _case("brackets.md", "[" * 20, LOAD_OR_SKIP),
    _case("links_open.md", "[a](" * 20, LOAD),
    _case("emphasis.md", "*a _b " * 20, LOAD),
    _case("stars.md", "a" + "**" * 20 + "b", LOAD),
    _case("back_ticks.md", "".join("`" * (i % 20 + 1) + "a" for i in range(40)), LOAD),
    _case("quotes.md", ">" * DEEP + " core\n", LOAD_OR_REJECT),
    _case("lists.md", "".join("  " * i + "- x\n" for i in range(DEEP)), LOAD_OR_REJECT),
    _case("list_marks.md", "- " * DEEP + "x", ANY),
    _case("tags.md", "<div>" * DEEP + "core", LOAD_OR_REJECT),
    _case("comments.md", "words\n\n" + "<!--" * 20, LOAD_OR_SKIP),
    _case("table.md", "| a | b |\n|---|---|\n" + "| cell | other |\n" * MANY, LOAD, "cell"),
    _case("wide_table.md", "|" + "a|" * 50 + "\n|" + "-|" * 50 + "\n" + ("|" + "b|" * 50 + "\n") * 10, LOAD),
    _case("definitions.md", "words\n\n" + "".join(f"[r{i}]: https://x.example/{i}\n" for i in range(MANY)), LOAD),
    _case("footnotes.md", "".join(f"word[^{i}]\n\n[^{i}]: note {i}\n\n" for i in range(50)), LOAD, "word"),
    _case("many_links.md", "[word](https://x.example/y) " * MANY, LOAD, "word"),
    _case("entities.md", "&amp;" * MANY, LOAD_OR_SKIP),
    _case("data_uri.md", f"# T\n\nsee ![x](data:image/png;base64,{BASE64}) words\n", LOAD, "words"),
    _case("includes.md", "# T\n\nwords {{#include ../../outside.md}} {{#include absent.md}}\n", LOAD, "words"),
    _case("snippets.md", '# T\n\nwords\n\n--8<-- "../../outside.md"\n', LOAD, "words"),
    _case("conflict.md", "# T\n\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> main\n", LOAD, "ours", "theirs"),
    _case("sql.md", "# T\n\n'; DROP TABLE chunk;-- %s $1 \\. \\N {0}\n", LOAD, "DROP TABLE chunk"),
    _case(
        "page.md", "<!DOCTYPE html><html><head><title>404</title></head><body><h1>Gone</h1></body></html>", LOAD_OR_SKIP
    ),
    _case("rule_first.md", "---\nA line above a rule.\n\n---\n\nText below.\n", LOAD, "Text below."),
    _case("template.md", "words {{ '{{' }} {% raw %}{{ x }}{% endraw %}" + "{{" * 20, LOAD, "words"),
)

FRONT_MATTER = (
    _case("aliases.md", f"---\n{_ALIASES}---\nBody words.\n", LOAD, "Body words."),
    _case("python.md", "---\nx: !!python/tuple [a, b]\n---\nBody words.\n", LOAD, "Body words."),
    _case("list.md", "---\n- a\n- b\n---\nBody words.\n", LOAD, "Body words."),
    _case(
        "odd.md",
        "---\nd: 2024-02-31\nv: 1.10\nn: .nan\nb: !!binary aGk=\n? [1, 2]\n: t\n---\nBody words.\n",
        LOAD,
        "Body",
    ),
    _case("self.md", "---\na: &a [b, c]\n---\nBody words.\n", LOAD, "Body words."),
    _case("deep.md", f"---\na: {'[' * DEEP}{']' * DEEP}\n---\nBody words.\n", LOAD_OR_REJECT),
    _case("open.md", "---\ntitle: never closed\n\nBody words.\n", LOAD, "Body words."),
    _case("only.md", "---\ntitle: nothing below\n---\n", LOAD_OR_SKIP),
    _case("toml.md", "+++\ntitle = 'Toml'\ndate = 1979-05-27T07:32:00Z\n+++\nBody words.\n", LOAD, "Body words."),
    _case("tabs.md", "---\n\ttitle: tab\n---\nBody words.\n", LOAD, "Body words."),
    _case("keys_twice.md", "---\ntitle: a\ntitle: b\n---\nBody words.\n", LOAD, "Body words."),
    _case("large.md", "---\n" + "".join(f"k{i}: v\n" for i in range(MANY)) + "---\nBody words.\n", LOAD_OR_REJECT),
)

MDX = (
    _case("broken.mdx", "# T\n\n<Card title='x'\n\nwords {unclosed\n\n</Nothing>\n", LOAD, "words"),
    _case("angles.mdx", "# T\n\na < b and c <d> e, Vec<T>, {x} words\n", LOAD, "words"),
    _case("nested.mdx", "<Tabs>" * DEEP + "core", LOAD_OR_REJECT),
    _case("braces.mdx", "# T\n\nwords " + "{" * 20, LOAD, "words"),
    _case("import.mdx", "import fs from '/outside.md'\nexport const x = `a\n\nb`\n\n# T\n\nwords\n", LOAD, "words"),
    _case("attributes.mdx", "# T\n\n<Card " + "a='b' " * MANY + "/>\n\nwords\n", LOAD, "words"),
    _case("expression.mdx", "# T\n\n{shown(props.name)}\n\nwords\n", LOAD, "words"),
)

HTML = (
    _case("deep.html", "<div><span>" * DEEP + "core", LOAD, "core"),
    _case("formatting.html", "<p>" + "<b><i><font>" * 4 + "</p>" + "<p>x" * MANY, LOAD_OR_REJECT),
    _case("lists.html", "<ul><li>" * DEEP + "core", LOAD, "core"),
    _case("tables.html", "<table><tr><td>" * DEEP + "core", LOAD_OR_REJECT),
    _case("entities.html", '<!DOCTYPE x [<!ENTITY a "b">]><p>&a; words</p>', LOAD, "words"),
    _case("ampersands.html", "<p>words " + "&amp;" * MANY, LOAD, "words"),
    _case("comments.html", "<p>words</p>" + "<!--" * 20, LOAD, "words"),
    _case("script_open.html", "<p>words</p><script>" + "x<p>" * MANY, LOAD, "words", lacks="x<p>"),
    _case("style_open.html", "<p>words</p><style>p{}" + "<p>x" * MANY, LOAD, "words", lacks="p{}"),
    _case("cdata.html", "<p>words <![CDATA[ <b>raw</b> ]]> end</p>", LOAD, "end"),
    _case("crossed.html", "<b><p>one <i>two</b> three</p> four</i><table><p>five</table>", LOAD, "four", "five"),
    _case("attributes.html", "<p " + "a='b' " * MANY + ">words</p>", LOAD, "words"),
    _case("long_attribute.html", f"<p title='{'x' * 10_000}'>words</p>", LOAD, "words", lacks="xxxx"),
    _case("data_uri.html", f'<p>words <img src="data:image/png;base64,{BASE64}"></p>', LOAD, "words"),
    _case("frames.html", '<base href="file:///out/"><iframe src="page.html">in</iframe><p>words</p>', LOAD, "words"),
    _case("object.html", '<object data="file:///outside.html">in</object><embed src="x"><p>words</p>', LOAD, "words"),
    _case(
        "svg.html", "<svg><text>icon</text><foreignObject><p>in</p></foreignObject></svg><p>words</p>", LOAD, "words"
    ),
    _case("math.html", "<p>words <math><mi>x</mi><mo>=</mo><mn>1</mn></math></p>", LOAD, "words"),
    _case("redirect.html", '<meta http-equiv="refresh" content="0;url=file:///outside.html"><p>gone</p>', SKIP),
    _case("template.html", "{% extends 'x' %}{% block body %}{{ body }}{% endblock %}", SKIP),
    _case("empty.html", "<html><body></body></html>", SKIP),
    _case(
        "boilerplate.html",
        "<style>p{}</style><nav>Menu</nav><p>words</p><script>go()</script>",
        LOAD,
        lacks=("go()", "Menu"),
    ),
    _case("rows.html", "<table>" + "<tr><td>cell<td>other" * MANY + "</table>", LOAD, "cell"),
    _case("links.html", "<p>" + '<a href="x">word</a> ' * MANY, LOAD, "word"),
    _case("no_tags.html", "just words, no tags", LOAD, "just words"),
    _case("angles.html", "<" * MANY, LOAD_OR_SKIP),
    _case(
        "book.html", '<script>path_to_root = "../../../";</script><h1 class=menu-title>B</h1><main>words</main>', LOAD
    ),
)

_INCLUDES = (
    ".. include:: {0}\n\n.. literalinclude:: {0}\n\n.. csv-table::\n   :file: {0}\n\n.. raw:: html\n   :file: {0}\n\n"
)

RST = (
    _case("includes.rst", "Title\n=====\n\nwords\n\n" + _INCLUDES.format("/outside.md"), LOAD, "words"),
    _case("escapes.rst", "Title\n=====\n\nwords\n\n" + _INCLUDES.format("../../outside.md"), LOAD, "words"),
    _case("address.rst", "Title\n=====\n\nwords\n\n.. csv-table::\n   :url: http://127.0.0.1:9/x\n", LOAD, "words"),
    _case("absent.rst", "Title\n=====\n\nwords\n\n.. include:: absent.rst\n", LOAD, "words"),
    _case("itself.rst", "Title\n=====\n\nwords\n\n.. include:: itself.rst\n", LOAD, "words"),
    _case("loop_a.rst", "Title\n=====\n\nwords\n\n.. include:: loop_b.rst\n", LOAD, "words"),
    _case("loop_b.rst", "Other\n=====\n\nmore words\n\n.. include:: loop_a.rst\n", LOAD, "more words"),
    _case(
        "raw.rst",
        "Title\n=====\n\nwords\n\n.. raw:: html\n\n   <script>x()</script>\n",
        LOAD,
        "words",
        lacks="<script>",
    ),
    _case(
        "role.rst",
        "Title\n=====\n\n.. role:: raw-html(raw)\n   :format: html\n\n:raw-html:`<script>` words\n",
        LOAD,
        "words",
    ),
    _case(
        "unknown.rst",
        "Title\n=====\n\n.. nothing:: x\n   :y: z\n\n   kept words\n\n:nothing:`role words`\n",
        LOAD,
        "kept words",
    ),
    _case(
        "substitution.rst", "Title\n=====\n\n.. |a| replace:: |b|\n.. |b| replace:: |a|\n\n|a| words\n", LOAD, "words"
    ),
    _case("nested.rst", "".join(" " * i + "x\n\n" for i in range(DEEP)), LOAD_OR_REJECT),
    _case("sections.rst", "".join(f"h{i}\n{c * 4}\n\n" for i, c in enumerate("=-~^+*#<>'\"`:.,_")), LOAD),
    _case("adornments.rst", "=" * 3_000, ANY),
    _case("inline.rst", "Title\n=====\n\n" + "*a `b ``c |d [e]_ " * 20, LOAD_OR_REJECT),
    _case("table.rst", "+---+\n" + "| a |\n+---+\n" * 30, LOAD_OR_REJECT),
)

JSON = (
    _case("cut.json", '{"format_version": 39, "root": 0, "index": {"0": {"docs": "te', LOAD_OR_SKIP | REJECT),
    _case("other.json", '{"name": "x"}', SKIP),
    _case("deep.json", '{"format_version": 39, "index": ' + "[" * DEEP, SKIP | REJECT),
    _case("unknown.json", '{"format_version": 100000, "root": 0, "index": {}, "paths": {}}', SKIP | REJECT),
    _case("odd.json", '{"format_version": 39, "root": [], "index": {"0": 7}, "paths": null}', SKIP | REJECT),
)

NAMES = (
    _case("with  spaces.md", "words", LOAD, "words"),
    _case("tab\there.md", "words", LOAD, "words"),
    _case("line\nbreak.md", "words", LOAD, "words"),
    _case("'; DROP TABLE chunk;--.md", "words", LOAD, "words"),
    _case('a,b"c.md', "words", LOAD, "words"),
    _case("percent%20%s{0}$HOME`id`.md", "words", LOAD, "words"),
    _case("caf\u00e9.md", "words", LOAD, "words"),
    _case("cafe\u0301.md", "words", LOAD, "words"),
    _case("Case.md", "words", LOAD, "words"),
    _case("case.md", "words", LOAD, "words"),
    _case("\u202egnp.md", "words", LOAD, "words"),
    _case("bad\udcff\udcfe.md", "words", LOAD, "words"),
    _case("x" * 250 + ".md", "words", LOAD, "words"),
    _case("-rf.md", "words", LOAD, "words"),
    _case("~.md", "words", LOAD, "words"),
    _case("folder.md/inside.md", "words", LOAD, "words"),
    _case("/".join(["deep"] * 60) + "/x.md", "words", LOAD, "words"),
    _case(".hidden.md", "words", SKIP),
    _case("NOSUFFIX", "words", SKIP),
    _case("unsupported.pdf", b"%PDF-1.7 words", SKIP),
    _case("empty.md", "", SKIP),
    _case("words.txt", "words", LOAD, "words"),
    _case("upper.MD", "words", LOAD, "words"),
)

GROUPS: dict[str, tuple[Case, ...]] = {
    "notebooks": NOTEBOOKS,
    "encodings": ENCODINGS,
    "markdown": MARKDOWN,
    "front_matter": FRONT_MATTER,
    "mdx": MDX,
    "html": HTML,
    "rst": RST,
    "json": JSON,
    "names": NAMES,
}
