"""What of a passage is shown at once, and where the headings and the passage of a document are."""

from __future__ import annotations

from doc_assets.serving.page.views import shortened


def test_a_long_passage_is_shortened_and_nothing_of_it_is_lost() -> None:
    paragraphs = [f"Paragraph {number} has some words in it, as paragraphs do." for number in range(30)]
    shown, rest = shortened("\n\n".join(paragraphs), is_best=True)
    assert [block.text for block in (*shown, *rest)] == paragraphs
    assert 0 < len(shown) < len(rest)
    assert len(shortened("\n\n".join(paragraphs), is_best=False)[0]) < len(shown)


def test_a_short_passage_and_a_single_long_block_are_shown_whole() -> None:
    for text in ("One.\n\nTwo.", "x" * 5_000, "y" * 490 + "\n\n" + "z" * 100):
        assert shortened(text, is_best=True)[1] == ()
