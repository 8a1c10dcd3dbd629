"""In a chunk of several small sections, the one that matched gives heading and anchor."""

from __future__ import annotations

from doc_assets.search.sections import best_part, headings_of, parts_of

TEXT = "First text.\n\n### Retries\n\nHow often it tries.\n\n### Time limits\n\nHow long it waits."


def test_each_section_has_its_headings_and_an_anchor_made_as_the_first_ones_is() -> None:
    parts = parts_of(TEXT, ("Settings", "Client names"), "client-names")
    assert [(part.heading_path, part.anchor) for part in parts] == [
        (("Settings", "Client names"), "client-names"),
        (("Settings", "Retries"), "retries"),
        (("Settings", "Time limits"), "time-limits"),
    ]
    assert "".join(part.text for part in parts) == TEXT


def test_an_anchor_that_the_author_wrote_stands_for_sections_whose_own_is_not_known() -> None:
    assert {part.anchor for part in parts_of(TEXT, ("Settings", "Client names"), "s3.1")} == {"s3.1"}


def test_a_chunk_of_one_section_and_comments_in_code_are_one_part() -> None:
    assert len(parts_of("Just text\n# not a heading", ("A",), "a")) == 1
    assert len(parts_of("##### too deep to be one of its sections", ("A",), "a")) == 1
    (only,) = parts_of("## A\n\ntext", ("A",), "a")
    assert only.heading_path == ("A",)


def test_the_best_section_is_the_first_with_the_highest_score() -> None:
    parts = parts_of(TEXT, ("Settings", "Client names"), "client-names")
    assert best_part(parts, lambda text: float("waits" in text)).heading_path[-1] == "Time limits"
    assert best_part(parts, lambda text: 0.0).heading_path[-1] == "Client names"


def test_a_title_that_is_the_first_heading_too_stands_once() -> None:
    assert headings_of("Guide", ["Guide", "Guide"]) == ("Guide", "Guide")
    assert headings_of("Guide", ["Install"]) == ("Guide", "Install")
    assert headings_of("Guide", []) == ("Guide",)
