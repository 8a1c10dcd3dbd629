"""Turns MDX into Markdown: removes imports, exports and components from prose, and keeps their visible words.

Scans characters instead of parsing JSX: anything but a tag, comment or statement stays as text. Takes linear time, as
the cost of malformed tags is limited. ``dialects`` separates code fences before.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from doc_assets.document import Block
from doc_assets.formats.markdown.components import (
    TabGroup,
    code_of,
    data_of,
    is_tab,
    is_tab_trigger,
    lists_labels,
    opens_tabs,
    read_props,
    tab_group,
    words_of,
)
from doc_assets.formats.markdown.fences import outside_fences
from doc_assets.formats.markdown.js_expressions import read_expression
from doc_assets.formats.markdown.raw_html import alt_text, is_markup
from doc_assets.formats.parts import Part

_MARK = re.compile(r"`+|<!--|</?[A-Za-z]|</?>|\{", re.ASCII)
_IMPORT = re.compile(
    r"^import[ \t]+(?:(?:type[ \t]+)?(?:[\w$]+|\*[ \t]+as[ \t]+[\w$]+|(?:[\w$]+[ \t]*,\s*)?\{[^{}'\"<]{0,4000}\}?)\s+"
    r"from\s*)?(['\"])[^'\"\n]*\1[ \t]*;?[ \t]*$",
    re.MULTILINE,
)
_SCRIPT = re.compile(r"^<script\b|</script>", re.MULTILINE)
_EXPORT = re.compile(r"^export[ \t]+(?:const|let|var|function|default|async|class|type|interface|\{|\*)", re.MULTILINE)
_NAME = re.compile(r"<(/?)([A-Za-z][\w.:-]*)?")
_COMMENT_START = re.compile(r"\{\s{0,100}/\*")
_COMMENT_END = re.compile(r"\*/\s{0,100}\}")
_LITERAL = re.compile(r"""\{\s*(?:"([^"\n]*)"|'([^'\n]*)'|`([^`\n]*)`)\s*\}""")
_LISTING = re.compile(
    r"^(?P<before>[ \t]*(?:<[A-Za-z][^<>\n]*>)?[ \t]*)\{[ \t\n]*`(?P<code>(?:[^`\\]|\\.){0,20000})`[ \t\n]*\}"
    r"(?P<after>[ \t]*(?:</[A-Za-z][\w.]*>)?[ \t]*)$",
    re.MULTILINE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\([`$\\nt])")
_LANGUAGE = re.compile(r"\{:[\w.+-]+\}(`+)$")

# fmt: off
_INLINE = frozenset((
    "a", "abbr", "b", "code", "em", "i", "img", "kbd", "mark", "s", "small", "span", "strong", "sub", "sup", "tt",
    "u", "CopyAddress", "Tooltip", "Icon", "Badge", "Link",
))
# fmt: on
# Elements whose place in a paragraph matters: the Markdown reader reads them.
_READ_LATER = frozenset(("sup", "sub", "kbd"))
_TABLE = frozenset(("table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption"))
_SPAN = re.compile(r"""\b(colspan|rowspan)\s*=\s*\{?\s*["']?(\d{1,4})""", re.IGNORECASE)
_FENCE = "~" * 10
_TAGS_ALONE = re.compile(r"</?[A-Za-z][^<>]*>?")
_LABEL = re.compile(r"[^<>{}]{1,200}(?=</)")
_MAX_CONDITIONS = 3  # in conditions
_MAX_GROUPS = 20  # of tabs in tabs
_BOUNDARY = "\x03"  # start or end of a component; occurs in no text, as control characters are removed
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]")
_MAX_TAG = 5_000  # characters of one opening tag; the longest real one holds an inline style of 1,900
_MAX_ROW = 4_000  # characters of a line that are read around a tag; rows of tables with lists have 1,000 and more
_MAX_STATEMENT = 40_000  # characters of one export
_MAX_UNCLOSED = 5  # exports without an end, after which the rest of a stretch is text
_MAX_WASTE = 1_000_000  # characters scanned for tags that turned out to be text, per stretch


@dataclass(slots=True)
class Page:
    """What a stretch of a page needs to know of the others.

    Attributes:
        closed: Element names that the document closes (``raw_html.closed_names``).
        lifted: Parts that stand outside the text; the text holds placeholders (``inline_marks.lift_html``).
        constants: Literals that the page exports, by name.
        groups: Open groups of tabs, outermost first.
    """

    closed: frozenset[str]
    lifted: list[list[Part]] = field(default_factory=list)
    constants: Mapping[str, object] = field(default_factory=dict)
    groups: list[TabGroup] = field(default_factory=list)


def imports_components(text: str) -> bool:
    """Return whether a ``.md`` file is MDX: it imports components, as Docusaurus and Gatsby pages do."""
    if "import" not in text or not _imports(text):
        return False
    if "<script" in text:  # of Vue or Svelte: the page is theirs
        text = _without_scripts(text)
    found: list[bool] = []

    def look(prose: str) -> str:
        found.append(_imports(prose))
        return prose

    outside_fences(text, look)
    return any(found)


def _without_scripts(text: str) -> str:
    kept: list[str] = []
    position, inside = 0, False
    for mark in _SCRIPT.finditer(text):
        if mark[0] == "</script>" and inside:
            position, inside = mark.end(), False
        elif mark[0] != "</script>" and not inside:
            kept.append(text[position : mark.start()])
            position, inside = mark.start(), True
    return "".join(kept) + text[position:]


def _imports(text: str) -> bool:
    return any("from" in m[0] or m[0].rstrip(" ;").endswith(("css'", 'css"')) for m in _IMPORT.finditer(text))


def lift_listings(text: str) -> str:
    """Turn listings written as template literals (``<CodeBlock>{`…`}</CodeBlock>``) into code fences."""
    return outside_fences(text, lambda prose: _LISTING.sub(_fenced, prose)) if "`}" in text else text


def _fenced(match: re.Match[str]) -> str:
    code = _ESCAPED.sub(lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), match["code"])
    code = textwrap.dedent(code.strip("\n")).rstrip()
    return f"{match['before']}\n\n{_FENCE}\n{code}\n{_FENCE}\n\n{match['after']}" if code else ""


def strip_jsx(prose: str, page: Page) -> str:
    """Return MDX without code fences as Markdown; ``<T>`` is text unless the document closes it."""
    if "import" in prose:
        prose = _IMPORT.sub("", prose)
    if "export" in prose:
        prose = _strip_exports(prose)
    return _Scanner(prose, page).run() if _MARK.search(prose) else prose


def dedent(stretches: Sequence[tuple[str, bool]]) -> str:
    """Join stretches of prose and code (True) without their indentation inside components.

    CommonMark reads lists and paragraphs differently at that depth. The first line after a tag, or after a blank line
    outside a list, sets the indentation to remove from the lines that follow.
    """
    out: list[str] = []
    base = 0
    fresh, blank, in_list = True, False, False
    for text, is_code in stretches:
        for number, line in enumerate(text.split("\n")):
            body = line.lstrip(" \t")
            if body == _BOUNDARY:
                fresh, in_list = True, False
                continue
            if not body:
                blank = blank or not is_code
                out.append("")
                continue
            lead = line[: len(line) - len(body)].expandtabs(4)
            if not is_code or number == 0:
                if fresh or (blank and not in_list) or len(lead) < base:
                    base = len(lead)
                if not is_code:
                    in_list = _ITEM.match(body) is not None or (in_list and (not blank or len(lead) > base))
                fresh = blank = False
            out.append(lead[base:] + body)
    return "\n".join(out)


def _strip_exports(prose: str) -> str:
    kept: list[str] = []
    position = unclosed = 0
    while unclosed < _MAX_UNCLOSED and (match := _EXPORT.search(prose, position)):
        kept.append(prose[position : match.start()])
        position = _statement_end(prose, match.start())
        if position < 0:
            unclosed += 1
            line_end = prose.find("\n", match.start())
            position = line_end if line_end >= 0 else len(prose)
    return "".join(kept) + prose[position:]


def _statement_end(text: str, start: int) -> int:
    """Return the end of the line that closes all brackets of a statement; -1 if none does within the limit."""
    depth = 0
    mark = re.compile(r"[(\[{]|[)\]}]|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|//[^\n]*|\n")
    for found in mark.finditer(text, start, min(len(text), start + _MAX_STATEMENT)):
        character = found[0]
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif (
            character == "\n"
            and depth <= 0
            and not text[max(start, found.start() - 80) : found.start()].rstrip().endswith(("=", "=>", "(", ","))
        ):
            return found.start()
    return -1 if depth > 0 or len(text) - start > _MAX_STATEMENT else len(text)


class _Scanner:
    def __init__(self, text: str, page: Page, max_waste: int = _MAX_WASTE, depth: int = 0) -> None:
        self.text = text
        self.page = page
        self.closed = page.closed
        self.max_waste = max_waste
        self.depth = depth  # of conditions in conditions
        self.out: list[str] = []
        self.waste = 0
        self.absent: set[str] = set()
        self.paragraph_end = 0
        self.unclosed_code: dict[int, int] = {}  # length of a run of backticks → up to where no such run follows

    def run(self) -> str:
        position = 0
        while match := _MARK.search(self.text, position):
            start = match.start()
            self.out.append(self.text[position:start])
            if match[0] == "<!--":
                position = self.comment(start)
            elif match[0][0] == "`":
                position = self.code(start, len(match[0]))
            else:
                position = self.braces(start) if match[0] == "{" else self.tag(start)
        self.out.append(self.text[position:])
        return "".join(self.out)

    def keep(self, start: int, end: int) -> int:
        self.out.append(self.text[start:end])
        return end

    def comment(self, start: int) -> int:
        end = self.find("-->", start)
        return end + 3 if end >= 0 else self.keep(start, start + 4)

    def find(self, mark: str, start: int) -> int:
        """Return the next position of the mark; search only once for an absent one."""
        if mark in self.absent:
            return -1
        found = self.text.find(mark, start)
        if found < 0:
            self.absent.add(mark)
        return found

    def code(self, start: int, length: int) -> int:
        """Keep inline code, up to an equal run of backticks in the same paragraph, without scanning its text."""
        text = self.text
        after = start + length
        if self.unclosed_code.get(length, -1) >= after:
            return self.keep(start, after)
        if after > self.paragraph_end:
            blank = text.find("\n\n", after)
            self.paragraph_end = len(text) if blank < 0 else blank
        for match in re.compile("`+").finditer(text, after, self.paragraph_end):
            if len(match[0]) == length:
                self.out.append(_LANGUAGE.sub(r"\1", text[start : match.end()]))
                return match.end()
        self.unclosed_code[length] = self.paragraph_end
        return self.keep(start, after)

    def braces(self, start: int) -> int:
        """Drop comments, show string literals and what elements need, and keep other expressions unchanged."""
        text = self.text
        if opened := _COMMENT_START.match(text, start):
            end = self.find("*/", opened.end())
            closed = _COMMENT_END.match(text, end) if end >= 0 else None
            if closed:
                return closed.end()
        if literal := _LITERAL.match(text, start, start + 2_000):
            self.out.append(literal[1] or literal[2] or literal[3] or "")
            return literal.end()
        end = self.expression(start) if self.waste <= self.max_waste else -1
        return end if end >= 0 else self.keep(start, start + 1)

    def expression(self, start: int) -> int:
        """Write what an expression with elements shows; return the position after it, -1 for any other."""
        shown = read_expression(self.text, start, self.page.constants)
        if shown is None:
            return -1
        self.waste += shown.end - start if shown.end >= 0 else 4 * _MAX_TAG
        if shown.end >= 0 and shown.elements and self.depth < _MAX_CONDITIONS:
            inner = _Scanner(shown.elements, self.page, self.max_waste - self.waste, self.depth + 1)
            self.out.append(inner.run())
            self.waste += inner.waste
        elif shown.end >= 0 and shown.data is not None:
            self.out += [f"\n\n{piece}\n\n" for piece in data_of({"items": shown.data})]
        return shown.end

    def tag(self, start: int) -> int:
        text = self.text
        name_match = _NAME.match(text, start)
        assert name_match is not None  # noqa: S101 - found by the search
        name = name_match[2] or ""
        end = self.tag_end(name_match.end())
        if end < 0:
            return self.keep(start, name_match.end())
        raw = text[name_match.end() : end - 1]
        if (raw and raw[0] not in " \t\n/") or (name and not is_markup(name, raw, self.closed)):
            return self.keep(start, name_match.end())
        ends = bool(name_match[1])
        props = (
            read_props(raw, self.page.constants) if raw and not ends and (name[:1].isupper() or name == "img") else {}
        )
        words = " ".join(self.words(name, props)) if props and (name == "img" or name in _INLINE) else ""
        if name == "a" and ("id=" in raw or "name=" in raw) and "href" not in raw:
            return self.keep(start, end)  # an anchor, which the Markdown reader assigns to the heading after it
        if name in _READ_LATER or (name == "a" and (name_match[1] or 'href="#' in raw)):
            return self.keep(start, end)
        if name in _TABLE and (tag := self.table_tag(start, name_match[1] + name, raw)):
            self.out.append(tag)
        elif name in _INLINE:
            self.out.append(f"{words} " if words else "")
        elif name == "br":
            self.out.append(" ")
        elif self.is_inside_text(start, end, tab=is_tab(name) or is_tab_trigger(name) or opens_tabs(name)):
            # A list item in a table cell ends a word, a component in a sentence does not.
            words = words or " ".join(self.words(name, props) if props else ())
            self.out.append(f" {words} " if words else " " if name.islower() else "")
        else:
            return self.component(name, props, end, ends=ends, alone=raw.endswith("/"))
        return end

    def words(self, name: str, props: Mapping[str, object]) -> list[str]:
        if name in ("img", "Image"):
            return [alt_text(*(value if isinstance(value := props.get(key), str) else "" for key in ("alt", "src")))]
        return words_of(name, props)

    def component(self, name: str, props: Mapping[str, object], end: int, *, ends: bool, alone: bool) -> int:
        """Write what a component of its own line shows; return the position after it and its label."""
        pieces: list[str] = []
        if opens_tabs(name):
            if ends:
                del self.page.groups[-1:]
            elif not alone and len(self.page.groups) < _MAX_GROUPS:
                self.page.groups.append(tab_group(props))
        group = self.page.groups[-1] if self.page.groups else None
        if group and lists_labels(name):
            group.lists_labels = not ends and not alone
        if not ends:
            words = self.words(name, props) if props else []
            triggers = is_tab_trigger(name) or (is_tab(name) and group is not None and group.lists_labels)
            if group and is_tab(name) and not triggers:
                label = group.label(props.get("value"))
                words = words or [label]
            elif group and triggers and (after := _LABEL.match(self.text, end)):
                label = " ".join(after[0].split())
                group.labels.append(label)
                group.by_value[str(props.get("value"))] = label
                end = after.end()
            pieces = (
                ["\n".join(word for word in words if word), *data_of(props, tabs=opens_tabs(name))]
                if words or props
                else []
            )
            if code := code_of(props):
                pieces.append(f"\x02{len(self.page.lifted)}\x02")
                self.page.lifted.append([Block(code, "code")])
        shown = "".join(f"\n\n{piece}" for piece in pieces if piece)
        self.out.append(f"{shown}\n\n{_BOUNDARY}\n")
        return end

    def table_tag(self, start: int, name: str, raw: str) -> str:
        """Return a tag of a table as a paragraph of its own, "" in a row of a pipe table."""
        line = self.text.rfind("\n", max(0, start - _MAX_ROW), start) + 1
        if self.text[line:start].lstrip(" \t>").startswith("|"):
            return ""
        spans = "".join(f' {m[1].lower()}="{m[2]}"' for m in _SPAN.finditer(raw))
        return f"\n\n<{name}{spans}>\n\n{_BOUNDARY}\n"

    def tag_end(self, position: int) -> int:
        """Return the position after the ``>`` that ends a tag, or -1 if there is no valid one within the limit."""
        if self.waste > self.max_waste:
            return -1
        text = self.text
        start = position
        limit = min(len(text), position + _MAX_TAG)
        depth = 0
        mark = re.compile(r"[{}<>]|\"[^\"]*\"|'[^'\n]*'|`[^`]*`|\n[ \t]*\n")
        while found := mark.search(text, position, limit):
            character = found[0][0]
            position = found.end()
            if character == "{":
                depth += 1
            elif character == "}":
                depth -= 1
            elif character == ">" and depth <= 0:
                return position
            elif depth <= 0 and character in "<\n":
                break
        self.waste += position - start if found else limit - start
        return -1

    def is_inside_text(self, start: int, end: int, *, tab: bool) -> bool:
        """Return whether the tag has words on both sides, and is no tab, or is in a table row."""
        text = self.text
        line = text.rfind("\n", max(0, start - _MAX_ROW), start) + 1
        before = text[max(line, start - _MAX_ROW) : start].strip(" \t>-*")
        line_end = text.find("\n", end, end + _MAX_ROW)
        after = text[end : line_end if line_end >= 0 else end + _MAX_ROW].strip()
        if before.startswith("|"):
            return True
        if tab or ("<" in before and not _TAGS_ALONE.sub("", before).strip()):
            return False
        if not after or after.startswith("<"):
            return False
        alone = text.startswith("/>", end - 2) and _ITEM.fullmatch(text[line:start].lstrip(" \t")) is not None
        return alone or (bool(before) and not before.endswith(">"))
