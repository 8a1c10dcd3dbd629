"""Tables that are longer than a chunk: each piece names its columns."""

from __future__ import annotations

from doc_assets.formats.table_pieces import table_blocks

HEAD = "Field | Type"


def test_a_table_that_fits_is_one_block() -> None:
    assert [b.text for b in table_blocks([HEAD, "a | int", "b | str"])] == [f"{HEAD}\na | int\nb | str"]


def test_each_piece_of_a_long_table_begins_with_the_head_and_no_row_is_lost() -> None:
    rows = [f"field_{i} | a type with some words to say what it holds" for i in range(60)]
    pieces = [b.text.split("\n") for b in table_blocks([HEAD, *rows])]
    assert len(pieces) > 4
    assert all(piece[0] == HEAD for piece in pieces)
    assert [row for piece in pieces for row in piece[1:]] == rows
    lengths = [len(piece) for piece in pieces]
    assert max(lengths) - min(lengths) <= 2


def test_a_head_as_long_as_a_piece_stands_once_and_a_table_without_a_head_repeats_nothing() -> None:
    rows = [f"{i} | words and words and words and words" for i in range(40)]
    long = " | ".join(f"column {i}" for i in range(40))
    assert "\n".join(b.text for b in table_blocks([long, *rows])) == "\n".join([long, *rows])
    assert "\n".join(b.text for b in table_blocks(rows, 0)) == "\n".join(rows)


def test_a_row_longer_than_a_piece_has_its_head() -> None:
    pieces = [b.text for b in table_blocks([HEAD, "a | int", "b | " + "word " * 400, "c | int"])]
    assert all(piece.startswith(HEAD) for piece in pieces)


def test_a_table_without_rows_is_its_head() -> None:
    assert [b.text for b in table_blocks([HEAD])] == [HEAD]
    assert table_blocks(["", " "], 1) == []
