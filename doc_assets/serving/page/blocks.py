"""Lays out stored text for the eye: headings, paragraphs, lists, tables and listings. Pure functions.

The store keeps words, not marks: a listing has no fence, a table is rows of cells between bars, a link is its words. So
the kind of a paragraph is judged by its looks. A wrong guess shows the same characters in another typeface.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["heading", "prose", "items", "table", "code"]

# Lines in a row that are not blank.
_PARAGRAPH = re.compile(r"(?:^[ \t]*\S.*\n?)+", re.MULTILINE)
_HEADING = re.compile(r"(#{2,6}) (\S.*)")
_ITEM = re.compile(r"\s{0,12}(?:[-*+•]|\d{1,3}[.)])\s+\S")
_CELLS = re.compile(r" \| ")
_BAR = "\\|"
_RULE = re.compile(r"[\s|:+-]+")
_FENCE = re.compile(r"\s*(?:```|~~~)")
# Ends, beginnings and insides of lines that programs, configurations and shells have and sentences lack.
_CODE_LINE = re.compile(
    r"[;{}]\s*$|^\s*[})\]]|[({\[,]\s*$|\\\s*$|^\s*(?:\$ |//|/\*|\*/|#!|#include|#define|@\w+|--\w|<\/?\w+[^>]*>)"
    r"|^\s*(?:use|pub|fn|let|def|class|import|from|return|struct|impl|const|static|async|export|apiVersion|kind)\b.*\W"
    r"|^\s*[\w.\"'-]+:\s*(?:$|[\w\"'\[{/.-]+$)|^\s*[\w.\[\]]+\s*[:+-]?=\s*\S|\w\(.*\)\s*$|=>|->|::|&&|\|\|"
    r"|^\s*[a-z][\w./-]*(?: \S+)* --?[A-Za-z]"
)
# Words before a colon alone in a paragraph: what they introduce follows.
_LABEL = re.compile(r"[^\W\d_][^(){};=]*:$")
# A sentence: some words in a row that are separated by single spaces, with an end.
_SENTENCE = re.compile(r"^\W{0,3}[A-Z][^\s=(){};]*(?: [^\s={};]+){4,}")


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A run of text of one kind.

    Attributes:
        text: As stored, without the blank lines around it; the words of a heading.
        start: Its place in the whole text, in characters.
        level: Of a heading, from 2; else 0.
        rows: Of a table: its cells, the names of the columns first.
        items: Of a list: level, mark and text of each item.
    """

    kind: Kind
    text: str
    start: int = 0
    level: int = 0
    rows: tuple[tuple[str, ...], ...] = ()
    items: tuple[tuple[int, str, str], ...] = ()


@functools.lru_cache(maxsize=64)  # what is shown is also laid out to be copied
def blocks_of(text: str) -> tuple[TextBlock, ...]:
    """Return the blocks of a text in order; listings that only blank lines part are one."""
    blocks: list[TextBlock] = []
    for block in (_block(start, paragraph) for start, paragraph in _paragraphs(text)):
        before = blocks[-1] if blocks else None
        if before is not None and before.kind == block.kind == "code":
            blocks[-1] = replace(before, text=text[before.start : block.start] + block.text)
        elif before is not None and before.kind == block.kind == "table" and before.rows[0] == block.rows[0]:
            # A long table is stored in pieces that each repeat the names of the columns.
            blocks[-1] = replace(before, text=f"{before.text}\n{block.text}", rows=before.rows + block.rows[1:])
        else:
            blocks.append(block)
    return tuple(blocks)


def as_markdown(text: str) -> str:
    """Return a text as Markdown: listings between fences, tables with a rule; the rest as stored."""
    return "\n\n".join(map(_markdown, blocks_of(text)))


def _markdown(block: TextBlock) -> str:
    if block.kind == "code":
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`{3,}", block.text)), 3)
        return f"{fence}\n{block.text}\n{fence}"
    if block.kind == "table":
        head, *body = (f"| {' | '.join(cell.replace('|', _BAR) for cell in row)} |" for row in block.rows)
        return "\n".join([head, "|" + " --- |" * len(block.rows[0]), *body])
    return f"{'#' * block.level} {block.text}" if block.kind == "heading" else block.text


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield what blank lines part, with its place."""
    yield from ((found.start(), found[0].rstrip()) for found in _PARAGRAPH.finditer(text))


def _block(start: int, paragraph: str) -> TextBlock:
    lines = paragraph.split("\n")
    if len(lines) == 1 and (heading := _HEADING.fullmatch(lines[0])):
        return TextBlock("heading", heading[2].strip(), start, level=len(heading[1]))
    if rows := _rows(lines):
        return TextBlock("table", paragraph, start, rows=rows)
    if _ITEM.match(lines[0]) and not _FENCE.match(lines[0]):
        return TextBlock("items", paragraph, start, items=tuple(_items(lines)))
    return TextBlock("code" if _is_code(lines) else "prose", paragraph, start)


def _rows(lines: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the cells of a table, as many in each row as the first has; () for what is none."""
    if len(lines) < 2 or not all(_CELLS.search(line) or _RULE.fullmatch(line) for line in lines):
        return ()
    rows = [
        _CELLS.split(line.strip().removeprefix("| ").removesuffix(" |")) for line in lines if not _RULE.fullmatch(line)
    ]
    width = len(rows[0]) if rows else 0
    # Empty cells at a row's end are not stored; a bar more is part of the last cell.
    cells = [[*row[: width - 1], " | ".join(row[width - 1 :]), *[""] * (width - len(row) - 1)] for row in rows]
    return tuple(tuple(cell.strip() for cell in row[:width]) for row in cells) if len(rows) > 1 else ()


def _items(lines: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield the items of a list; a line that begins none goes on with the one before it."""
    item: tuple[int, str, list[str]] | None = None
    for line in lines:
        if _ITEM.match(line):
            if item:
                yield item[0], item[1], "\n".join(item[2])
            mark, _, text = line.strip().partition(" ")
            depth = min(3, (len(line) - len(line.lstrip())) // 2)
            item = (depth, mark if mark[0].isdigit() else "•", [text.strip()])
        elif item:
            item[2].append(line.strip())
    if item:
        yield item[0], item[1], "\n".join(item[2])


def _is_code(lines: Sequence[str]) -> bool:
    """Return True where most lines look like those of a program, a configuration or a shell."""
    if any(_FENCE.match(line) for line in lines[:1]):
        return True
    filled = [line for line in lines if line.strip()]
    if len(filled) < 2 and _LABEL.match(lines[0]):
        return False
    indented = ("    ", "\t")
    # Most paragraphs are sentences, which take a fifth of the time to tell.
    sentences = sum(1 for line in filled if _SENTENCE.match(line) and not line.startswith(indented))
    if 2 * sentences >= len(filled):
        return False
    marked = sum(1 for line in filled if line.startswith(indented) or _CODE_LINE.search(line))
    return 2 * marked >= len(filled)
