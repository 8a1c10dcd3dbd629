"""Which links of an index belong to a source."""

from __future__ import annotations

from doc_assets.catalogue import LlmsTxtSource
from doc_assets.sources.llms_txt.listing import listing_of

SOURCE = LlmsTxtSource(name="s", kind="llms_txt", location="https://docs.example.org/llms.txt")


def test_a_page_is_asked_for_once_and_as_markdown_where_the_index_has_both() -> None:
    text = "[a](/a.html) [a](/a.md) [a](a.md#part) [b](/b/) [b](/b/index.md) [c](/c) [c](/c.html.md) [d](/d)"
    listing = listing_of(text, SOURCE.location, SOURCE)
    assert [page.path for page in listing.wanted] == ["a.md", "b/index.md", "c.html.md", "d"]
    assert {reason for _, _, reason in listing.left} == {"the index lists this page as Markdown, too"}
    assert [path for path, _, _ in listing.left] == ["a.html", "b/index", "c"]
