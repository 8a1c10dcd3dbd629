"""The preprocessor: what conditions keep, what includes bring, and their bounds."""

from __future__ import annotations

import pytest

from doc_assets.formats.asciidoc.attributes import Attributes
from doc_assets.formats.asciidoc.lines import Lines
from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.includes import Includes
from doc_assets_tests.support.asciidoc_pages import blocks, read, texts
from doc_assets_tests.support.source_files import SourceFiles


@pytest.mark.parametrize(
    ("condition", "is_kept"),
    [
        ("ifdef::a[]", True), ("ifdef::x[]", False), ("ifndef::a[]", False), ("ifndef::x[]", True),
        ("ifdef::x,a[]", True), ("ifdef::x+a[]", False), ("ifndef::x,a[]", False), ("ifndef::x+a[]", True),
        ('ifeval::["{a}" == "1"]', True), ("ifeval::[{a} > 2]", False), ("ifeval::[{a} <= 1]", True),
        ('ifeval::["{x}" != "y"]', True), ("ifeval::[nonsense]", False),
        ("ifdef::backend-html5[]", True), ("ifdef::env-github[]", False), ("ifdef::backend-pdf[]", False),
    ],
)  # fmt: skip
def test_conditions_keep_what_a_page_of_html_shows(condition: str, is_kept: bool) -> None:
    assert texts(f":a: 1\n\nfirst\n\n{condition}\nin\nendif::[]\n\nlast") == ["first", *["in"] * is_kept, "last"]


def test_conditions_nest_and_stand_in_a_line() -> None:
    source = ":a:\n\nifdef::x[]\nifdef::a[]\nno\nendif::a[]\nno\nendif::x[]\nifdef::a[yes]\nifdef::x[no]\n\\ifdef::x[]"
    assert texts(source) == ["yes ifdef::x[]"]


def test_an_include_reads_as_if_it_stood_there() -> None:
    files = {"docs/part/a.adoc": "= A\n\ntext {v}\n\ninclude::b.adoc[]\n", "docs/part/b.adoc": "more"}
    document = read("= T\n:v: 1\n:dir: part\n\ninclude::{dir}/a.adoc[leveloffset=+1]\n\n== After\n\nlast", files)
    assert [(s.heading_path, [b.text for b in s.blocks]) for s in document.sections] == [
        (("A",), ["text 1", "more"]),
        (("After",), ["last"]),
    ]


def test_an_include_selects_lines_and_tags() -> None:
    code = "# tag::a[]\none\n# tag::b[]\ntwo\n# end::b[]\n# end::a[]\nthree\n"
    files = {"docs/c.py": code}

    def listing(options: str) -> str:
        return texts(f"----\ninclude::c.py[{options}]\n----\n\nx", files)[0]

    assert listing("tag=a") == "one\ntwo"
    assert listing("tags=a;!b") == "one"
    assert listing("tags=**") == "one\ntwo\nthree"
    assert listing("tags=!a") == "three"
    assert listing("lines=2;4..5") == "one\ntwo\n# end::b[]"
    assert listing("lines=7..,indent=2").strip() == "three"


def test_what_cannot_be_included_is_left_out_and_counted() -> None:
    files = {"docs/c.py": "x = 1\n", "secret.txt": "no"}
    document = read(
        "= T\n\ninclude::absent.adoc[]\ninclude::absent.adoc[opts=optional]\ninclude::c.py[tag=none]\n"
        "include::https://a.example/b.adoc[]\ninclude::../../up.adoc[]\ninclude::/etc/x[]\n\\include::shown.adoc[]\n",
        files,
    )
    assert [block.text for block in document.sections[0].blocks] == ["include::shown.adoc[]"]
    assert document.metadata == {"includes_missing": 5, "first_include_missing": "absent.adoc"}


def test_files_that_include_one_another_end() -> None:
    files = {"docs/a.adoc": "a\n\ninclude::b.adoc[]\n", "docs/b.adoc": "b\n\ninclude::a.adoc[]\ninclude::page.adoc[]\n"}
    assert texts("page\n\ninclude::a.adoc[]\ninclude::a.adoc[]", files | {"docs/page.adoc": "page"}) == [
        "page", "a", "b", "a", "b",
    ]  # fmt: skip


def test_includes_end_at_their_limits() -> None:
    files = SourceFiles({"a.adoc": "word\n" * 3})
    lines = ["include::a.adoc[]"] * 9
    for limits, shown in (({"max_includes": 4}, 4), ({"max_text": 45}, 3)):
        includes = Includes(RawFile("page.adoc", b"", {}, files), **limits)
        reader = Lines(lines, Attributes(), includes)
        assert sum(line == "word" for line in iter(reader.next, None)) == shown * 3
        assert includes.missing == 9 - shown


def test_directives_in_listings_count_and_in_what_was_read_already_do_not() -> None:
    files = {"docs/a.txt": "include::b.txt[]\nend", "docs/b.txt": "b"}
    assert blocks("====\n----\ninclude::a.txt[]\n\\include::c[]\n----\n====", files)[0].text == "b\nend\ninclude::c[]"


def test_the_ranges_of_an_include_are_bounded() -> None:
    files = {"docs/a.txt": "x\n" * 1_000}
    ranges = ";".join(["1.."] * 5_000)
    assert texts(f'----\ninclude::a.txt[lines="1;{ranges}"]\n----', files) == ["x\n" * 999 + "x"]
    assert texts(f'----\ninclude::a.txt[lines="{"1;" * 100}3"]\n----', files) == ["x"]
