"""Expressions in braces in the text of MDX that show elements: what a reader can know of them without running them.

Arrays that are mapped to elements (``{[{name: "a"}].map(…)}``) are their data; of a condition (``{open && <p>…</p>}``)
all branches stay; functions and values that only the built site has leave nothing. Any other expression is not touched.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from doc_assets.formats.markdown.js_literals import read_array

_START = re.compile(
    r"\{\s{0,100}(?:(?P<notes>(?://[^\n]{0,500}\s{0,100}){1,50}\})|(?P<array>\[)"
    r"|(?P<name>[A-Za-z_$][\w$.]{0,100}?)(?:\([^(){}\n]{0,200}\))?\s{0,20}\??\.\s{0,20}(?:map|flatMap|filter|sort|slice)\("
    r"|(?P<function>\(\s{0,20}(?:async\s{0,20})?(?:\([^()]{0,100}\)\s{0,20}=>|function\b))"
    r"|(?:[!\w$.()=\s'\"|-]{1,120}?(?:&&|\?)\s{0,100}\(?\s{0,100})?(?=(?P<element><(?:>|[A-Za-z]))))"
)
_ALONE = re.compile(r"\{\s{0,20}[A-Za-z_$][\w$]*(?:\.[\w$]+|\([^(){}\n]{0,200}\)){0,5}\s{0,20}\}[ \t]*(?=\n|\Z)")
_MARK = re.compile(
    r"""[({\[]|[)}\]]|"(?:[^"\\\n]|\\.)*+"|(?<![A-Za-z])'(?:[^'\\\n]|\\.)*+'|`(?:[^`\\]|\\.)*+`|(?<![:\w])//[^\n]*|/\*.*?\*/""",
    re.DOTALL,
)
_MAPPED = re.compile(r"\s{0,100}(?:\}|(?:\)\s{0,20})?\??\.\s{0,20}(?:map|flatMap|filter|sort|slice|join)\()")
_BETWEEN = re.compile(r">\s{0,100}\)?\s{0,100}:\s{0,100}\(?\s{0,100}(?=<)")  # the branches of a condition
_MAX_ROWS = 400  # pieces of one list or table
_LONGEST = 20_000  # characters of an expression


@dataclass(frozen=True, slots=True)
class Expression:
    """What stands for an expression.

    Attributes:
        end: Offset after its brace; -1 for one without an end within the limit.
        data: Array or object that it shows, None for none.
        elements: JSX that it shows.
    """

    end: int
    data: object = None
    elements: str = ""


def read_expression(text: str, start: int, constants: Mapping[str, object]) -> Expression | None:
    """Return what stands for the expression whose brace is at an offset; None if it stays as it is.

    Args:
        text: MDX.
        start: Offset of the opening brace.
        constants: Literals of the page, by name.
    """
    match = _START.match(text, start)
    if match is None:
        alone = _ALONE.match(text, start)  # a value that only the built site has
        before = text[max(0, start - 40) : start].rstrip(" \t")
        return Expression(alone.end()) if alone and before[-1:] in ("", "\n") else None
    if match["notes"]:
        return Expression(match.end())
    data: object = constants.get(match["name"]) if match["name"] else None
    if match["array"]:
        data, after = read_array(text, match.start("array"), min(len(text), start + _LONGEST))
        if _MAPPED.match(text, after) is None:
            return Expression(-1)
    end = _end_of(text, start)
    if end < 0 or not match["element"]:
        return Expression(end, data)
    jsx = text[match.end() : end - 1]
    return Expression(end, elements=_BETWEEN.sub(">\n\n", jsx[: jsx.rfind(">") + 1]))


def _end_of(text: str, start: int) -> int:
    depth = 0
    for match in _MARK.finditer(text, start, min(len(text), start + _LONGEST)):
        if match[0] in "([{":
            depth += 1
        elif match[0] in ")]}":
            depth -= 1
            if depth <= 0:
                return match.end()
    return -1


def write_rows(markup: str, *, table: bool) -> str:
    """Return HTML in which mapped arrays are items of its list, or rows of its table."""
    kept: list[str] = []
    position = 0
    while (start := markup.find("{", position)) >= 0 and len(kept) < _MAX_ROWS:
        shown = read_expression(markup, start, {})
        end = shown.end if shown is not None and shown.end >= 0 else start + 1
        words = markup[start:end] if shown is None or shown.end < 0 else shown.elements
        if shown is not None and isinstance(shown.data, list):
            words = "".join(_row(item, table=table) for item in shown.data)
        kept += [markup[position:start], words]
        position = end
    return "".join(kept) + markup[position:]


def _row(item: object, *, table: bool) -> str:
    values = item.values() if isinstance(item, Mapping) else item if isinstance(item, list) else (item,)
    words = [html.escape(value) for value in values if isinstance(value, str)]
    if not words:
        return ""
    return f"<tr>{''.join(f'<td>{word}</td>' for word in words)}</tr>" if table else f"<li>{', '.join(words)}</li>"
