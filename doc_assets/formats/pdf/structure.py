"""Makes headings, paragraphs, lists, tables and listings of rows, by their sizes, distances and first letters."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from doc_assets.document import Block, BlockKind, Section
from doc_assets.formats.parts import Heading, Part
from doc_assets.formats.pdf.layout import Row
from doc_assets.formats.pdf.lines import Mark
from doc_assets.formats.table_pieces import table_blocks

_ITEM = re.compile(
    r"(?:[•●○◦▪■◆‣\u2043\uf0b7]|[-\u2013\u2014*·](?=\s)|\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)](?=\s))\s*(?=\S)"
)
_BULLET = re.compile(r"[•●○◦▪■◆‣\u2043\uf0b7\u2013\u2014*·]\s*")
_LONGEST_HEADING = 120  # characters
_LARGER = 1.12  # of the text's size: a heading
_TITLE = 1.3  # the same: the document's title, on its first sheet
_MOST_HEADINGS = 0.25  # share of rows
_NEW_PARAGRAPH = 1.4  # of the usual distance between rows
_GOES_ON = 2.2  # the same, in the middle of a sentence
_NEW_LISTING = 3.0
_SOFT = "\u00ad"
_LONGEST_END = 100  # characters of a word that may be divided
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_LISTED = 3  # rows in a row that repeat the outline: a table of contents
_DEEPEST = 6


def title_of(rows: Sequence[Row], marks: Sequence[Mark]) -> tuple[str, frozenset[int]]:
    """Return what the largest letters of the first sheet say, and its rows; "" where none are larger than text.

    A chapter, by its number or because the outline names others beside it, is no title.
    """
    size = _text_size(rows)
    first = [n for n, row in enumerate(rows) if row.sheet == rows[0].sheet and not row.mono]
    largest = max((rows[n].size for n in first), default=0.0)
    if largest < _TITLE * size:
        return "", frozenset()
    found = [n for n in first if rows[n].size > 0.95 * largest]
    joined: list[int] = found[:1]
    for n in found[1:4]:
        if n == joined[-1] + 1:
            joined.append(n)
    title = " ".join(rows[n].text for n in joined).replace(_SOFT, "")
    beside = {_folded(mark.title) for mark in marks if mark.level == 0}
    is_chapter = re.match(r"\d+[.\s]", title) or (len(beside) > 1 and _folded(title) in beside)
    if is_chapter or len(title) > 200 or not re.search(r"[^\W\d_]{2}", title):
        return "", frozenset()
    return title, frozenset(joined)


def parts_of(rows: Sequence[Row], marks: Sequence[Mark], title_rows: frozenset[int]) -> list[Part]:
    """Return headings and blocks in order.

    Headings are those of the outline, where most of its entries are found among the rows, else rows of larger letters.
    The anchor of each is the number of its page as browsers open it, ``page=3``.
    """
    levels, contents = _by_outline(rows, marks)
    levels = levels or _by_size(rows, title_rows)
    words, pitch = _compounds(rows), _pitch(rows)
    parts: list[Part] = []
    run: list[Row] = []
    before: int | None = None
    for n, row in enumerate(rows):
        if n in contents or n in title_rows:
            continue
        if n not in levels:
            if run and _breaks(run, row, pitch):
                parts += _blocks(run, words)
                run = []
            run.append(row)
            continue
        parts += _blocks(run, words)
        run = []
        text = row.text.replace(_SOFT, "")
        last = parts[-1] if parts else None
        if isinstance(last, Heading) and before == n - 1 and _is_one_heading(last, rows[before], row, levels[n]):
            parts[-1] = Heading(last.level, f"{last.text} {text}", last.anchor)
        else:
            parts.append(Heading(levels[n], text, f"page={row.sheet + 1}"))
        before = n
    return [*parts, *_blocks(run, words)]


def sections_of_sheets(rows: Sequence[Row], title_rows: frozenset[int]) -> tuple[Section, ...]:
    """Return one section for each sheet, of a document without headings."""
    sections = []
    kept = [row for n, row in enumerate(rows) if n not in title_rows]
    for sheet, some in groupby(kept, key=lambda row: row.sheet):
        sections.append(Section((), f"page={sheet + 1}", tuple(_without_headings(list(some)))))
    return tuple(section for section in sections if section.blocks)


def _without_headings(rows: Sequence[Row]) -> Iterator[Block]:
    words, pitch = _compounds(rows), _pitch(rows)
    run: list[Row] = []
    for row in rows:
        if run and _breaks(run, row, pitch):
            yield from _blocks(run, words)
            run = []
        run.append(row)
    yield from _blocks(run, words)


def _text_size(rows: Sequence[Row]) -> float:
    sizes: Counter[float] = Counter()
    for row in rows:
        if not row.mono:
            sizes[row.size] += len(row.text)
    return max(sizes, key=lambda size: (sizes[size], -size)) if sizes else 0.0


def _by_size(rows: Sequence[Row], title_rows: frozenset[int]) -> dict[int, int]:
    """Return the levels of headings by row: the larger, the higher, from 2."""
    size = _text_size(rows)
    found = [
        n
        for n, row in enumerate(rows)
        if row.size >= _LARGER * size
        and not row.mono
        and n not in title_rows
        and len(row.text) <= _LONGEST_HEADING
        and re.search(r"[^\W\d_]{2}", row.text)
        and not row.text.endswith((",", ";"))
    ]
    if not size or len(found) > max(3, _MOST_HEADINGS * len(rows)):
        return {}
    ranks: dict[float, int] = {}
    sizes = sorted({rows[n].size for n in found}, reverse=True)
    largest, level = 0, 1  # the largest size that is near, and the lowest level so far
    for at, one in enumerate(sizes):
        while largest < at and sizes[largest] - one >= 0.04 * sizes[largest]:
            largest += 1
        level = level if largest < at else min(_DEEPEST, level + 1)
        ranks[one] = ranks[sizes[largest]] if largest < at else level
    return {n: ranks[rows[n].size] for n in found}


def _by_outline(rows: Sequence[Row], marks: Sequence[Mark]) -> tuple[dict[int, int], frozenset[int]]:
    """Return the levels of the rows that the outline names, and the rows of a table of contents that repeats it."""
    by_words: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    folded = [_folded(row.text) for row in rows]
    for n, row in enumerate(rows):
        by_words[row.sheet, folded[n]].append(n)
    levels: dict[int, int] = {}
    named = {_folded(mark.title) for mark in marks}
    for mark in marks:
        wanted = _folded(mark.title)
        same = [n for n in by_words.get((mark.sheet, wanted), ()) if n not in levels] if wanted else []
        if same:
            # A table of contents on the same sheet has the same words: the row at the entry's place is the heading.
            place = mark.top
            best = same[-1] if place is None else min(same, key=lambda n: abs(rows[n].top - place))
            levels[best] = min(_DEEPEST, 2 + mark.level)
    if 2 * len(levels) < len(marks) or not levels:
        return {}, frozenset()
    contents: set[int] = set()
    repeats = [n for n in range(len(rows)) if folded[n] in named and n not in levels]
    for _, group in groupby(enumerate(repeats), key=lambda pair: pair[1] - pair[0]):
        run = [n for _, n in group]
        if len(run) >= _LISTED:
            contents.update(run)
    return levels, frozenset(contents)


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _is_one_heading(last: Heading, above: Row, row: Row, level: int) -> bool:
    """Return whether a heading goes on in a second line."""
    near = above.sheet == row.sheet and 0 < above.top - row.top <= 1.8 * row.size
    return last.level == level and near and abs(above.size - row.size) < 0.5 and len(last.text) > 20


def _pitch(rows: Sequence[Row]) -> float:
    """Return the usual distance between rows of text, in sizes of their letters."""
    steps = sorted(
        (one.top - other.top) / one.size
        for one, other in pairwise(rows)
        if one.sheet == other.sheet and one.size == other.size and 0.5 < (one.top - other.top) / one.size < 3
    )
    return steps[len(steps) // 3] if steps else 1.2


def _kind(row: Row) -> BlockKind:
    if row.mono:
        return "code"
    if len(row.cells) > 1:
        return "table"
    return "list" if _ITEM.match(f"{row.text} ") else "prose"


def _breaks(run: Sequence[Row], row: Row, pitch: float) -> bool:
    """Return whether a row begins a block."""
    kind, of_row, last = _kind(run[0]), _kind(row), run[-1]
    below = last.top - row.top if last.sheet == row.sheet else -1.0
    near = 0 <= below <= _NEW_PARAGRAPH * pitch * max(last.size, row.size)
    if kind == "code":
        return of_row != "code" or below > _NEW_LISTING * pitch * last.size
    if kind == "table":
        is_rest = near and of_row == "prose" and row.left > run[0].left + row.size
        return of_row != "table" and not is_rest
    if of_row == "list":
        return kind != "list"
    if of_row != "prose":
        return True
    if kind == "list" and below >= 0:
        return not near or row.left < run[0].left + 0.3 * row.size
    if below < 0:  # the next column or sheet
        return not (_ends_open(last.text) and row.text[:1].islower())
    # A line with a high letter or a picture is further away than others.
    goes_on = _ends_open(last.text) and row.text[:1].islower() and below <= _GOES_ON * pitch * row.size
    return not (near or goes_on) or abs(last.size - row.size) > 0.15 * row.size


def _ends_open(text: str) -> bool:
    return not text.endswith((".", "!", "?", ":", ";", ".\u201d", '."'))


def _blocks(run: Sequence[Row], words: Mapping[str, int]) -> Iterator[Block]:
    """Yield the blocks of rows that belong together."""
    if not run:
        return
    kind = _kind(run[0])
    if kind == "code":
        yield Block(_listing(run), "code")
    elif kind == "table" and len(run) > 1:
        yield from table_blocks([" | ".join(cells) for cells in _table(run)])
    elif kind == "list":
        items: list[list[str]] = []
        for row in run:
            text = row.text
            if _ITEM.match(f"{text} "):
                items.append([_BULLET.sub("- ", text, count=1) if _BULLET.match(text) else text])
            else:
                items[-1].append(text)
        lines = [line for item in items if (line := joined(item, words))]
        if lines:
            yield Block("\n".join(lines), "list")
    elif text := joined([row.text for row in run], words):
        yield Block(text)


def joined(lines: Sequence[str], compounds: Mapping[str, int]) -> str:
    """Return lines as one, without the hyphens that only divide a word.

    A word that the document writes with a hyphen elsewhere (``compounds``) keeps it, and so does one whose rest begins
    with a capital or a digit.
    """
    pieces: list[str] = []
    end = ""  # of what is written so far: the text is joined once, so that a long paragraph takes time as its length
    for line in lines:
        if not (end.endswith((_SOFT, "-")) and len(end) > 1 and end[-2].isalpha()):
            pieces += [" ", line] if end else [line]
            end = f"{end} {line}"[-_LONGEST_END:] if end else line[-_LONGEST_END:]
            continue
        start = re.search(r"[^\W\d_]+\Z", end[:-1])
        rest = re.match(r"[^\W\d_]+", line)
        whole = f"{start[0]}-{rest[0]}".casefold() if start and rest else ""
        keeps = not line[:1].islower() or whole in compounds
        pieces[-1] = pieces[-1][:-1] + ("-" if keeps else "")
        pieces.append(line)
        end = f"{end[:-1]}{'-' if keeps else ''}{line}"[-_LONGEST_END:]
    return " ".join("".join(pieces).replace(_SOFT, "").split())


def _compounds(rows: Sequence[Row]) -> Mapping[str, int]:
    return Counter(word.casefold() for row in rows for word in _WORD.findall(row.text))


def _listing(run: Sequence[Row]) -> str:
    """Return lines of code with their indentation, as far as their places tell it."""
    least = min(row.left for row in run)
    single = [row for row in run if len(row.cells) == 1 and row.right > row.left]
    widths = sorted((row.right - row.left) / len(row.cells[0]) for row in single)
    width = widths[len(widths) // 2] if widths else run[0].size / 2
    lines = []
    for row in run:
        indent = max(0, min(60, round((row.left - least) / width))) if width > 0 else 0
        lines.append(" " * indent + "  ".join(row.cells).replace(_SOFT, "-"))
    return "\n".join(lines).strip("\n").rstrip()


def _table(run: Sequence[Row]) -> list[list[str]]:
    """Return the cells of rows; what stands alone in a line goes on in the cell above."""
    table: list[list[list[str]]] = []
    lefts: Sequence[float] = ()
    for row in run:
        if len(row.cells) == 1 and table:
            nearest = min(range(len(lefts)), key=lambda cell: abs(lefts[cell] - row.left))
            table[-1][nearest].append(row.cells[0])
        else:
            table.append([[cell] for cell in row.cells])
            lefts = row.lefts
    return [[joined(lines, {}) for lines in cells] for cells in table]
