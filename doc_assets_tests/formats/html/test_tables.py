"""Tables of HTML: each value in its column, names of columns, and tables that are none."""

from __future__ import annotations

from doc_assets.document import Block
from doc_assets_tests.support.html_pages import blocks, headings


def test_spanning_and_empty_cells_keep_each_value_in_its_column() -> None:
    page = """<table><tr><th>System<th>CPU<th colspan=2>Limits<tr><td
      rowspan=2>Linux<td>x86<td>1<td>2<tr><td>arm<td><td>4
      <tr><td>macOS<td>arm</table>"""
    assert blocks(page) == [
        Block("System | CPU | Limits\nLinux | x86 | 1 | 2\nLinux | arm |  | 4\nmacOS | arm", "table")
    ]


def test_spans_end_with_their_group_of_rows_and_zero_means_all_of_it() -> None:
    page = """<table><tbody><tr><td rowspan=0>Linux<td>a<tr><td>b</tbody><tbody><tr><td rowspan=5>macOS<td>c</tbody>
      <tbody><tr><td>Haiku<td>d</tbody></table>"""
    assert blocks(page) == [Block("Linux | a\nLinux | b\nmacOS | c\nHaiku | d", "table")]


def test_all_rows_of_a_head_are_repeated_when_a_table_is_cut() -> None:
    rows = "".join(f"<tr><td>{i}<td>value {i} of the table" for i in range(100))
    pieces = blocks(f"<table><thead><tr><th colspan=2>Keys<tr><td>Name<td>Value</thead><tbody>{rows}</table>")
    assert len(pieces) > 1 and all(piece.text.startswith("Keys\nName | Value\n") for piece in pieces)


def test_a_listing_in_a_table_stands_below_the_name_of_its_column() -> None:
    page = """<table><thead><tr><th>Bad</th><th>Good</th></tr></thead><tbody><tr>
      <td><pre>x = 1</pre></td><td><pre>x = 2</pre>
      </td></tr><tr><td>Too short.</td><td>Better.</td></tr></tbody></table>"""
    assert blocks(page) == [
        Block("Bad"),
        Block("x = 1", "code"),
        Block("Good"),
        Block("x = 2", "code"),
        Block("Bad: Too short."),
        Block("Good: Better."),
    ]


def test_a_table_in_a_cell_is_text_of_the_cell() -> None:
    page = "<table><tr><th>Key<th>Value<tr><td>a<td><table><tr><td>1<td>2</table><tr><td>b<td>3</table>"
    assert blocks(page) == [Block("Key | Value\na | 1 2\nb | 3", "table")]


def test_tables_of_one_column_and_declared_layout_are_prose() -> None:
    assert blocks("<table><tr><td><p>One.</p><p>Two.</p></table>") == [Block("One."), Block("Two.")]
    assert blocks("<table role=presentation><tr><td>One.<td>Two.</table>") == [Block("One."), Block("Two.")]


def test_members_of_doxygen_are_rows_below_their_heading_and_declarations_are_signatures() -> None:
    page = """<div class="contents"><table class="memberdecls"><tr class="heading"><td colspan="2"><h2
      class="groupheader"><a
      id="f" name="f"></a>Functions</h2></td></tr><tr><td class="memItemLeft">int&#160;</td><td class="memItemRight"><a
      class="el" href="#a">ring_open</a> (int n)</td></tr></table><div class="memproto"><table class="memname"><tr><td
      class="memname">int ring_open </td><td>(</td><td class="paramtype">int&#160;</td><td
      class="paramname"><em>n</em></td>
      <td>)</td><td></td></tr></table></div></div>"""
    assert headings(page) == ["Functions"]
    assert blocks(page) == [Block("int | ring_open (int n)", "table"), Block("int ring_open(int n)", "signature")]


def test_groffs_tables_have_no_cells_of_blanks() -> None:
    page = """<table width="100%" border="0" rules="none" frame="void"><tr><td
      width="11%"></td><td><p><b>-v</b></p></td>
      <td width="8%"></td><td><p>Says more.</p></td></tr></table>"""
    assert blocks(page) == [Block("-v | Says more.", "table")]


def test_notes_and_callouts_of_asciidoctor_are_text() -> None:
    note = """<div class="admonitionblock note"><table><tr><td class="icon">{}</td><td class="content">Mind the
      gap.</td></tr>
      </table></div>"""
    for icon in (
        '<div class="title">Note</div>',
        '<i class="fa icon-note" title="Note"></i>',
        '<img alt="Note" src="n.png">',
    ):
        assert blocks(note.format(icon)) == [Block("Note: Mind the gap.")]
    page = """<div class="colist arabic"><table><tr><td><i class="conum"></i><b>1</b></td><td>Library import</td></tr>
      </table></div>"""
    assert blocks(page) == [Block("1. Library import")]
