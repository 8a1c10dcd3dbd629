"""What says again what stands above it is moved down, not out."""

from __future__ import annotations

from doc_assets.search.diversity import Contender, spread, words_of


def contender(score: float, file: str, text: str) -> Contender:
    return Contender(score, file, words_of(text))


def test_pages_of_one_template_make_room_for_another_page_that_is_a_little_worse() -> None:
    text = "the field {} sets how long the client waits for an answer of the server in seconds"
    twins = [contender(1.0 - n / 100, f"{n}.md", text.format(n)) for n in range(4)]
    other = contender(0.95, "other.md", "timeouts are explained here")
    placed = spread([*twins, other])
    assert [n for n, _ in placed][:2] == [0, 4]
    assert sorted(n for n, _ in placed) == [0, 1, 2, 3, 4]


def test_the_items_of_one_file_do_not_fill_the_first_places() -> None:
    items = [contender(1.0 - n / 100, "crate.json", f"item number {n} word{n} more{n}") for n in range(5)]
    placed = [n for n, _ in spread([*items, contender(0.93, "page.md", "a page of its own")])]
    assert placed.index(5) < 3 and placed[0] == 0


def test_scores_never_rise_and_different_documents_stay_as_they_were() -> None:
    documents = [contender(1.0 - n / 50, f"{n}.md", f"alpha{n} beta{n} gamma{n}") for n in range(6)]
    placed = spread(documents)
    assert [n for n, _ in placed] == list(range(6))
    assert [score for _, score in placed] == [document.score for document in documents]
    assert spread([]) == []


def test_a_page_stands_before_what_it_includes() -> None:
    documents = [
        contender(1.0, "_part.mdx", "part of a page"),
        contender(0.9, "other.md", "another text"),
        contender(0.8, "page.mdx", "whole page"),
    ]
    assert [n for n, _ in spread(documents, {("page.mdx", "_part.mdx")})][:2] == [2, 0]
    assert [n for n, _ in spread(documents, {("absent.mdx", "_part.mdx")})] == [0, 1, 2]
