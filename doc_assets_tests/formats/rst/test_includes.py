"""What a reStructuredText page takes in from other files, and what it may not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from doc_assets.document import Document, lay_out
from doc_assets.formats.base import RawFile
from doc_assets.formats.rst.format import RstFormat, parse_tree
from doc_assets.formats.rst.includes import Surroundings, clip
from doc_assets.formats.rst.sphinx_conf import declared_substitutions
from doc_assets_tests.support.source_files import SourceFiles


def read(source: str, files: dict[str, str], path: str = "docs/guide/page.rst") -> Document:
    [document] = RstFormat().parse(RawFile(path, source.encode(), {}, SourceFiles(files)))
    return document


def text(source: str, files: dict[str, str]) -> str:
    return lay_out(read(source, files))[0]


def test_an_included_page_reads_as_if_it_stood_there() -> None:
    document = read(
        "Guide\n=====\n\n.. include:: ../shared/part.rst\n\nLast |word|.\n",
        {"docs/shared/part.rst": "First.\n\nPart\n----\n\n.. |word| replace:: words\n\nMiddle.\n"},
    )
    assert document.title == "Guide"
    assert [(s.heading_path, s.anchor, [b.text for b in s.blocks]) for s in document.sections] == [
        ((), "guide", ["First."]),
        (("Part",), "part", ["Middle.", "Last words."]),
    ]
    assert document.metadata == {}


def test_an_include_is_found_beside_the_including_file_and_then_beside_the_page() -> None:
    files = {
        "docs/parts/a.rst": ".. include:: b.rst\n\n.. include:: c.rst\n",
        "docs/parts/b.rst": "Beside the file.\n",
        "docs/guide/c.rst": "Beside the page.\n",
    }
    assert text(".. include:: ../parts/a.rst\n", files) == "Beside the file.\n\nBeside the page."


def test_a_path_from_the_root_starts_at_the_folder_with_conf_py() -> None:
    source = ".. include:: /part.rst\n"
    files = {"docs/conf.py": "", "docs/part.rst": "Of the docs.", "part.rst": "Of the source."}
    assert text(source, files) == "Of the docs."
    del files["docs/conf.py"]
    assert text(source, files) == "Of the source."
    del files["part.rst"]
    assert text(source, files) == "Of the docs."


def test_includes_inside_lists_notes_and_tabs_stay_inside() -> None:
    files = {"docs/guide/n.rst": "Included.\n\n.. note:: Inner.\n"}
    source = ".. tabs::\n\n   .. tab:: Kind\n\n      .. include:: n.rst\n\n   .. tab:: Other\n\n      Else.\n\nAfter.\n"
    assert text(source, files) == "Kind: Included.\n\nNote: Inner.\n\nOther: Else.\n\nAfter."
    assert text("- One\n\n  .. include:: n.rst\n\n- Two\n", files).startswith("- One\n  Included.")


@pytest.mark.parametrize(
    "target",
    [
        "absent.rst",
        "../../../outside.rst",
        "file:///outside.rst",
        "https://example.org/a.rst",
        "binary.rst",
        "notes.md",
        "",
    ],
)
def test_what_cannot_be_included_is_left_out_and_counted(target: str) -> None:
    files = {"docs/guide/binary.rst": "\0\0\0\1", "docs/guide/notes.md": "# Secret", "outside.rst": "Of the root."}
    document = read(f".. include:: {target}\n\nBody.\n", files)
    assert lay_out(document)[0] == "Body."
    assert document.metadata == {"includes_missing": 1, "first_include_missing": target}


def test_no_path_that_leaves_the_source_is_even_asked_for() -> None:
    folder = SourceFiles()
    source = "".join(f".. {d}:: {'../' * n}x\n\n" for d in ("include", "literalinclude") for n in range(6))
    RstFormat().parse(RawFile("docs/guide/page.rst", (source + "Body |x|.\n").encode(), {}, folder))
    assert folder.asked
    assert not any(part in ("", ".", "..") for path in folder.asked for part in path.split("/"))


def test_a_page_that_includes_itself_ends() -> None:
    loops = {
        "docs/guide/page.rst": "Again.\n\n.. include:: page.rst\n",
        "docs/guide/a.rst": "Alpha.\n\n.. include:: b.rst\n",
        "docs/guide/b.rst": "Beta.\n\n.. include:: ./a.rst\n",
    }
    document = read("Body.\n\n.. include:: page.rst\n\n.. include:: a.rst\n", loops)
    assert lay_out(document)[0] == "Body.\n\nAlpha.\n\nBeta."
    assert document.metadata == {"includes_missing": 2, "first_include_missing": "page.rst"}


def test_what_a_page_may_include_is_limited() -> None:
    files = SourceFiles({"docs/guide/a.rst": "alpha\n", "docs/guide/b.rst": "beta\n"})
    surroundings = Surroundings("docs/guide/page.rst", files, max_expansion=1_020)
    shown = parse_tree(".. include:: a.rst\n\n.. include:: b.rst\n\nBody.\n", surroundings).astext()
    assert "alpha" in shown and "beta" not in shown and "Body." in shown
    assert surroundings.missing == 1


def test_files_include_one_another_twenty_deep() -> None:
    chain = {f"docs/guide/{n}.rst": f"word{n}\n\n.. include:: {n + 1}.rst\n" for n in range(25)}
    document = read("Body.\n\n.. include:: 0.rst\n", chain)
    assert "word19" in lay_out(document)[0] and "word20" not in lay_out(document)[0]
    assert document.metadata == {"includes_missing": 1, "first_include_missing": "20.rst"}


def test_literal_includes_are_listings_with_their_caption() -> None:
    files = {"docs/examples/policy.yaml": "kind: Policy\nspec:\n  a: 1\n"}
    source = ".. literalinclude:: ../examples/policy.yaml\n   :language: yaml\n   :caption: A policy\n   :lines: 2-\n"
    [section] = read(source, files).sections
    assert [(b.kind, b.text) for b in section.blocks] == [("prose", "A policy:"), ("code", "spec:\n  a: 1")]
    shown = read(".. include:: ../examples/policy.yaml\n   :code: yaml\n", files).sections[0].blocks
    assert [(b.kind, b.text) for b in shown] == [("code", "kind: Policy\nspec:\n  a: 1")]


@pytest.mark.parametrize(
    ("options", "by_line", "expected"),
    [
        ({"lines": "1,3-4"}, True, "zero\n  two\n  # end"),
        ({"lines": "5-"}, True, "four"),
        ({"lines": "x"}, True, None),
        ({"start-line": "1", "end-line": "-2"}, False, "# begin\n  two"),
        ({"start-after": "begin", "end-before": "end"}, False, "two"),
        ({"start-after": "begin", "end-before": "end"}, True, "  two"),
        ({"start-at": "begin", "end-at": "end", "dedent": ""}, True, "# begin\n  two\n  # end"),
        ({"lines": "3", "dedent": "2"}, True, "two"),
        ({"lines": "3", "dedent": "", "prepend": "<", "append": ">"}, True, "<\ntwo\n>"),
        ({"start-after": "absent"}, False, None),
    ],
)
def test_options_choose_the_part_of_a_file(options: dict[str, str], by_line: bool, expected: str | None) -> None:
    chosen = clip("zero\n# begin\n  two\n  # end\nfour\n", options, by_line=by_line)
    assert (chosen if by_line or chosen is None else chosen.strip()) == expected


def test_a_python_object_is_cut_out_of_its_file_without_running_it() -> None:
    source = "raise SystemExit\n\nclass A:\n    x = 1\n\n    @wrapped\n    def f(self):\n        return 2\n\ny = 3\n"
    chosen = clip(source, {"pyobject": "A.f", "dedent": ""}, by_line=True)
    assert chosen == "@wrapped\ndef f(self):\n    return 2"
    assert clip(source, {"pyobject": "A.g"}, by_line=True) is None
    assert clip("def broken(", {"pyobject": "broken"}, by_line=True) is None


def test_tables_of_csv_files_keep_rows_of_any_length() -> None:
    files = {"docs/guide/t.csv": 'a;"one; two"\nb\n'}
    source = ".. csv-table:: Parts\n   :file: t.csv\n   :delim: ;\n   :header: Name; Use\n"
    assert text(source, files) == "Parts:\n\nName | Use\na | one; two\nb"


CONF = r"""
import os
release = open("../VERSION").read().strip()
branch = os.environ.get("DOCS_VERSION")
if not branch or branch == "latest":
    branch = "HEAD"
    chart = "./pump"
else:
    chart = "pump/pump --version " + release
for part in release.split("."):
    last = part
web = f"https://example.org/{branch}"
rst_prolog = '''
.. |WEB| replace:: \\{w}
.. |CHART| replace:: {chart}
.. |LAST| replace:: {}
'''.format(last, w=web, chart=chart)
rst_prolog += ".. |TAG| replace:: v%s\n\nA banner.\n" % release
raise SystemExit(open("/tmp/ran", "w"))
"""


def test_substitutions_of_conf_py_are_read_and_it_is_never_run() -> None:
    files = {"docs/conf.py": CONF, "VERSION": "1.2.3\n"}
    shown = text("|WEB|/x, |CHART|, |TAG|, |release|, |LAST|, |other|\n\n::\n\n  |TAG|\n", files)
    assert shown == "https://example.org/HEAD/x, ./pump, v1.2.3, 1.2.3, LAST, other\n\n|TAG|"


def test_a_definition_of_the_page_wins_over_conf_py() -> None:
    files = {"docs/conf.py": 'rst_epilog = ".. |X| replace:: conf"\n'}
    assert text(".. |X| replace:: page\n\n|X|\n", files) == "page"
    assert text("|X|\n", files) == "conf"


def test_conf_py_is_not_looked_for_without_need() -> None:
    folder = SourceFiles()
    RstFormat().parse(RawFile("docs/page.rst", b".. |a| replace:: b\n\n|a| |copy|\n", {}, folder))
    assert folder.asked == []


@pytest.mark.parametrize(
    "conf",
    [
        "rst_prolog = (",
        "rst_prolog = '.. |X| replace:: y' + " + "'' + " * 41 + "''",
        "a = '.. |X| replace:: y\\n'\n" + "a = a + a\n" * 11 + "rst_prolog = a",
        "rst_prolog = '.. |X| replace:: y'\n#" + "a" * 200_000,
        "rst_prolog = f'.. |X| replace:: {1:>9}'",
        "rst_prolog = '.. |X| replace:: %9s' % 'x'",
        "rst_prolog = '.. |X| replace:: {0.__class__}{1:>9}'.format('x', 'y')",
        "rst_prolog = open('/outside.txt').read()",
        "rst_prolog = __import__('pathlib').Path('x').read_text()",
        "\0\0\0",
    ],
)
def test_a_conf_py_beyond_a_limit_or_not_known_by_reading_gives_no_substitution(conf: str) -> None:
    assert declared_substitutions(conf.encode(), "docs", lambda _: b".. |X| replace:: outside").strip() == ""


@pytest.mark.parametrize(
    "conf",
    [
        "rst_prolog = '.. |X| replace:: y' + " + "'' + " * 38 + "''",
        "a = '.. |X| replace:: y\\n'\n" + "a = a + a\n" * 9 + "rst_prolog = a",
        "rst_prolog = '.. |X| replace:: y'\n#" + "a" * 199_900,
    ],
)
def test_a_conf_py_within_the_limits_is_read(conf: str) -> None:
    assert "|X|" in declared_substitutions(conf.encode(), "docs", lambda _: None)


def test_a_conf_py_that_its_parser_gives_up_gives_no_substitution(monkeypatch: pytest.MonkeyPatch) -> None:
    def gives_up(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr("doc_assets.formats.rst.sphinx_conf.ast", SimpleNamespace(parse=gives_up))
    assert declared_substitutions(b"rst_prolog = '.. |X| replace:: y'", "docs", lambda _: None).strip() == ""


TAGGED = "import x\n\n# tag: loop\nfor step in steps:\n    train(step)\n\n# tag: loop\nend()\n"


@pytest.mark.parametrize(
    ("source", "files", "expected"),
    [
        (".. tagged-block:: book.py loop\n", {"docs/guide/book.py": TAGGED}, "for step in steps:\n    train(step)"),
        (".. tagged-block:: book.py loop 1:2\n", {"docs/guide/book.py": TAGGED}, "train(step)"),
        (".. codeinclude:: /a.c\n   :lines: 2\n", {"docs/conf.py": "", "docs/a.c": "1\nint x;\n"}, "int x;"),
        (
            ".. exampleinclude:: a.py\n   :start-after: [START x]\n   :end-before: [END x]\n",
            {"docs/guide/a.py": "a\n# [START x]\nb()\n# [END x]\n"},
            "b()",
        ),
        (".. raw:: html\n   :file: t.html\n", {"docs/guide/t.html": "<p>Of a file.</p>"}, "Of a file."),
        (".. literalinclude:: a.py\n   :caption:\n", {"docs/guide/a.py": "b()\n"}, "a.py:\n\nb()"),
    ],
)
def test_directives_that_include_show_what_their_file_holds(source: str, files: dict[str, str], expected: str) -> None:
    assert text(source, files) == expected
    assert "includes_missing" not in read(source, files).metadata


@pytest.mark.parametrize(
    "source",
    [
        ".. tagged-block:: book.py absent\n",
        ".. tagged-block:: none.py loop\n",
        ".. embed-code:: src/ring.py\n",
        ".. kernel-include:: types.h\n",
        ".. raw:: html\n   :file: none.html\n",
    ],
)
def test_a_file_that_a_directive_names_and_that_is_not_shown_is_counted(source: str) -> None:
    document = read(f"Words.\n\n{source}", {"docs/guide/book.py": TAGGED})
    assert document.metadata["includes_missing"] == 1
    assert lay_out(document)[0] == "Words."


def test_arguments_that_only_look_like_files_stay_words() -> None:
    for argument in ("package.module", "example.org", "Version 1.2 of it", "ring"):
        document = read(f".. some-box:: {argument}\n", {})
        assert lay_out(document)[0] == argument
        assert document.metadata == {}
