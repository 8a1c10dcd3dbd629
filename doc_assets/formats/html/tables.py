"""Tables of HTML before they are read: which are data, which lay out a page, and what names their cells.

``blocks`` reads the rows, ``table_grid`` places spanning cells.
"""

from __future__ import annotations

import html
import re

from selectolax.lexbor import LexborNode, create_tag

from doc_assets.formats.html.tabs import LABEL
from doc_assets.formats.html.tree import below, children, classes, collapsed

_LAYOUT = "pre, h1, h2, h3, h4, h5, h6, div.fragment"
_ALL_ROWS = 65_534  # the most that HTML lets a cell span
_LONGEST_LABEL = 100  # characters


def is_data(table: LexborNode) -> bool:
    """Return whether a table is data; one around listings, headings or whole tables only lays out a page."""
    if table.attributes.get("role") in ("presentation", "none") or below(table, _LAYOUT):
        return False
    inner = table.css("table")
    if len(inner) > 1 and not _head(table):
        return False
    rows = _rows(table)
    return not rows or any(len(_cells(row)) > 1 for row in rows) or bool(_head(table))


def span(cell: LexborNode, name: str) -> int:
    """Return the value of ``colspan`` or ``rowspan``; 1 if it is none. 0 rows are all that follow in the group."""
    raw = cell.attributes.get(name)
    value = int(raw) if raw and re.fullmatch(r"\s*\d{1,5}\s*", raw) else 1
    return _ALL_ROWS if not value and name == "rowspan" else value


def prepare_tables(root: LexborNode) -> None:
    """Change the tables of a tree to what ``blocks`` reads: rows of cells, or cells that open with their names."""
    _write_summaries(root)
    _drop_spacers(root)
    _lift_headings(root)
    _name_notes(root)
    _number_callouts(root)
    _label_cells(root)


def _label_cells(root: LexborNode) -> None:
    """Open each cell of a table that holds listings with the name of its column, and remove the row of names.

    Such a table is read cell by cell ("Bad", listing, "Good", listing).
    """
    for table in below(root, "table"):
        if table.css_first("td pre") is None:
            continue
        names = _head(table)
        if len(names) < 2 or len(table.css("table")) > 1:
            continue
        head, *rows = _rows(table)
        head.remove()
        for row in rows:
            for cell, name in zip(_cells(row), names, strict=False):
                if cell.child is not None and name:
                    cell.child.insert_before(_label(name))


def _lift_headings(root: LexborNode) -> None:
    """Move a heading that is all of a table's first row before the table, which is data then (Doxygen)."""
    for table in below(root, "table:has(td > h2), table:has(td > h3)"):
        rows = _rows(table)
        cells = _cells(rows[0]) if len(rows) > 1 else []
        headings = cells[0].css("h2, h3") if len(cells) == 1 else []
        if len(headings) == 1 and len(table.css("h2, h3")) == 1:
            heading = create_tag(headings[0].tag or "h2")
            heading.inner_html = headings[0].inner_html or ""
            for name, value in headings[0].attributes.items():
                heading.attrs[name] = value or ""
            table.insert_before(heading)
            rows[0].remove()


def _write_summaries(root: LexborNode) -> None:
    """Turn Javadoc's tables, whose cells are elements one after the other, into tables."""
    for summary in below(root, "div.summary-table"):
        if len(summary.css("div.summary-table")) > 1:
            continue
        cells = list(children(summary))
        heads = [cell for cell in cells if "table-header" in classes(cell)]
        if not heads or len(cells) % len(heads):
            continue
        rows = [
            "".join(f"<td>{cell.inner_html or ''}</td>" for cell in cells[i : i + len(heads)])
            for i in range(len(heads), len(cells), len(heads))
        ]
        names = "".join(f"<th>{cell.inner_html or ''}</th>" for cell in heads)
        table = create_tag("table")
        table.inner_html = f"<tbody><tr>{names}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody>"
        summary.replace_with(table)


def _drop_spacers(root: LexborNode) -> None:
    """Remove the empty cells that groff indents its tables with."""
    for cell in below(root, "table[frame=void][rules=none] td"):
        if not cell.text().strip():
            cell.remove()


def _name_notes(root: LexborNode) -> None:
    """Write the name of a note of Asciidoctor, which is an icon or a cell beside it, as its first words."""
    for icon in below(root, ".admonitionblock td.icon"):
        image = icon.css_first("img, i[title]")
        named = image.attributes if image is not None else {}
        name = collapsed(icon) or named.get("title") or named.get("alt") or ""
        content = next((cell for cell in children(icon.parent) if "content" in classes(cell)), None)
        if content is not None and content.child is not None and name:
            content.child.insert_before(_label(name))
            icon.remove()


def _number_callouts(root: LexborNode) -> None:
    """Write the number of each callout of Asciidoctor, which has a cell of its own, before its explanation."""
    for row in below(root, ".colist tr"):
        cells = _cells(row)
        number = re.sub(r"\D", "", cells[0].text()) if len(cells) == 2 else ""
        if number and cells[1].child is not None:
            cells[1].child.insert_before(f"{number}. ")
            cells[0].remove()


def _label(name: str) -> LexborNode:
    paragraph = create_tag("p")
    paragraph.attrs["class"] = LABEL
    paragraph.inner_html = html.escape(name[:_LONGEST_LABEL])
    return paragraph


def _head(table: LexborNode) -> list[str]:
    """Return the names of the columns, if the first row holds nothing else."""
    rows = _rows(table)
    cells = _cells(rows[0]) if rows else []
    if not cells or any(cell.tag != "th" for cell in cells):
        return []
    return [collapsed(cell) for cell in cells]


def _rows(table: LexborNode) -> list[LexborNode]:
    """Return the table's own rows, not those of tables in its cells."""
    rows: list[LexborNode] = []
    for child in children(table):
        if child.tag == "tr":
            rows.append(child)
        elif child.tag in ("thead", "tbody", "tfoot"):
            rows += [row for row in children(child) if row.tag == "tr"]
    return rows


def _cells(row: LexborNode) -> list[LexborNode]:
    return [cell for cell in children(row) if cell.tag in ("td", "th")]
