"""Which of the files that a page asked for when it was read it includes."""

from __future__ import annotations

from doc_assets.document.site import Site
from doc_assets.search.folding import FoldedResult
from doc_assets.search.ranking import Ranked
from doc_assets.search.results import _shown_again
from doc_assets.store.search.places import ChunkContent, DocumentPlace


def found(path: str, *texts: str) -> FoldedResult:
    place = DocumentPlace("rust", "guide", path, Site("", "", ""), "prefer_best")
    contents = tuple(ChunkContent("Title", (), "", text, 0, len(text)) for text in texts)
    return FoldedResult(Ranked(path.encode(), (), 1.0), place, {}, (), contents)


def test_a_page_includes_what_it_shows_and_not_what_it_only_asked_for() -> None:
    part = found("_part.mdx", "Install the agent on each node with Helm.")
    page = found("page.mdx", "Before you begin.", "Install the agent on each node with Helm. Then restart it.")
    index = found("index.mdx", "All pages about the agent.")
    pairs = {(one.place.key, part.place.key) for one in (page, index)}
    assert _shown_again([part, page, index], pairs) == {(page.place.key, part.place.key)}


def test_what_any_document_of_a_file_shows_is_shown_by_the_file() -> None:
    part, page = found("_part.mdx", "Install the agent."), found("page.mdx", "Install the agent. Then restart it.")
    others = [found(name, "Something else altogether.") for name in ("_part.mdx", "page.mdx")]
    pair = (page.place.key, part.place.key)
    assert _shown_again([part, page, *others], {pair}) == {pair}
