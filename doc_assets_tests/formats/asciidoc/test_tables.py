"""Rows, heads, spans, styles of cells, and the notations of tables."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets.formats.asciidoc.attributes import Attributes
from doc_assets.formats.asciidoc.blocks import BlockReader
from doc_assets.formats.asciidoc.inline import Inline
from doc_assets.formats.asciidoc.references import References
from doc_assets.formats.missing_includes import MissingIncludes
from doc_assets_tests.support.asciidoc_pages import blocks, texts


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("|===\n|A |B\n\n|1 |*2*\n|3\n|4\n|===", "A | B\n1 | 2\n3 | 4"),
        ('[cols="1,2"]\n|===\n|1\n|2\n|3 |4\n|===', "1 | 2\n3 | 4"),
        ("[cols=2*]\n|===\n|1\n|2\n|===", "1 | 2"),
        ("|===\n2+|wide\n|1 |2\n|===", "wide\n1 | 2"),
        ("|===\n|A |B\n\n.2+|tall |1\n|2\n|===", "A | B\ntall | 1\ntall | 2"),
        ("|===\n|a 3*|x\n|===", "a | x | x | x"),
        ("|===\n|a\\|b |c\n|===", "a|b | c"),
        ('[cols="1m,1"]\n|===\n|a |b\n|===', "`a` | b"),
        ("|===\n|a s|b ^.>e|c\n|===", "a | b | c"),
        (',===\na,"b,c"\n1,2\n,===', "a | b,c\n1 | 2"),
        ("[format=dsv]\n|===\na:b\\:c\n|===", "a | b:c"),
        ("[%header,format=csv,separator=;]\n|===\na;b\n1;2\n|===", "a | b\n1 | 2"),
        ('[cols="1a"]\n|===\n|a\n\n* b\n\n!===\n!c !d\n!===\n|===', "a - b c | d"),
        ("|===\n|one\n\ntwo |three\n|===", "one two | three"),
        ("[separator=¦]\n|===\n¦a ¦b|c\n|===", "a | b|c"),
    ],
)
def test_a_table_has_its_values_in_their_columns(source: str, expected: str) -> None:
    assert blocks(source) == [Block(expected, "table")]


def test_the_pieces_of_a_long_table_each_have_its_head() -> None:
    rows = "\n".join(f"|row {n} |value of row {n}" for n in range(60))
    pieces = blocks(f"[%header]\n|===\n|Name |Value\n{rows}\n|===")
    assert len(pieces) > 2 and all(piece.text.startswith("Name | Value\n") for piece in pieces)


def test_cells_with_listings_follow_one_another_below_their_columns_name() -> None:
    source = '[cols="1,a",%header]\n|===\n|Name |Code\n|x\n|\n----\na\nb\n----\n|==='.replace(",%header", "", 1)
    source = source.replace('[cols="1,a"]', '[%header,cols="1,a"]')
    assert blocks(source) == [Block("Name: x"), Block("Code:"), Block("a\nb", "code")]


def test_a_table_stands_below_its_title() -> None:
    assert texts(".Pumps\n|===\n|a\n|===") == ["Pumps:", "a"]


def test_what_repeated_cells_add_is_bounded_also_where_tables_in_them_repeat_cells() -> None:
    attributes, references = Attributes(max_added=200), References(lambda target: "")
    reader = BlockReader(attributes, Inline(attributes, references), references, MissingIncludes())
    source = "[separator=!]\n|===\n3*a!\n[separator=?]\n|====\n20*?word\n|====\n|==="
    words = "".join(block.text for block in reader.blocks(source.split("\n"), 0))
    assert 20 <= words.count("word") <= 50
