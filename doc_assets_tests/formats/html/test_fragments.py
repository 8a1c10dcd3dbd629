"""HTML inside RST reads like HTML, without a page of its own."""

from __future__ import annotations

from doc_assets.formats.html.fragments import fragment_blocks, inline_words
from doc_assets_tests.support.rst_pages import kinds, read


def test_tables_words_and_listings_of_raw_html_stay() -> None:
    table = "<table><tr><th>Port</th><th>Use</th></tr><tr><td>9234</td><td>gossip</td></tr></table>"
    assert kinds(f".. raw:: html\n\n   {table}\n   <p>More <b>words</b>.</p><pre>a\n     b</pre>\n") == [
        ("table", "Port | Use\n9234 | gossip"),
        ("prose", "More words."),
        ("code", "a\n  b"),
    ]


def test_raw_markup_without_words_or_for_other_formats_is_nothing() -> None:
    for source in (
        ".. raw:: html\n\n   <style>.a {b: c}</style><script>let x</script>\n",
        ".. raw:: html\n\n   <iframe src='x'></iframe>\n",
        ".. raw:: latex\n\n   \\newpage words\n",
        ".. raw:: html\n   :url: https://example.org\n",
    ):
        assert kinds(source + "\nBody.\n") == [("prose", "Body.")]


def test_headings_in_raw_html_open_no_section() -> None:
    document = read("Title\n=====\n\n.. raw:: html\n\n   <h2 id='x'>Inner</h2><p>Words.</p>\n\nMore.\n")
    assert [s.heading_path for s in document.sections] == [()]
    assert [b.text for b in document.sections[0].blocks] == ["Inner", "Words.", "More."]


def test_markup_nested_too_deep_for_a_tree_keeps_its_words() -> None:
    deep = "<div>" * 3_000 + "words"
    assert [block.text for block in fragment_blocks(deep)] == ["words"]


def test_inline_markup_is_its_words() -> None:
    assert inline_words("<b>a &amp; b</b>") == "a & b"
    assert inline_words("<br />") == " "
