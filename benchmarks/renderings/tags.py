"""Tags of HTML, JSX and template engines: what goes with them, and the strings in them that a reader sees."""

from __future__ import annotations

import html
import re

# Elements that break no word; all others stand between two words.
INLINE = frozenset(
    (
        *("a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q"),
        *("s", "samp", "small", "span", "strong", "sub", "tt", "u", "var", "wbr"),
    )
)
_UNSEEN = re.compile(r"<(script|style|template|noscript|svg)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
# Parameters whose values a page shows, even of one word.
_SHOWN = frozenset(
    ("title", "label", "caption", "description", "summary", "heading", "header", "text", "subtitle", "question", "cta")
)
_STRINGS = re.compile(r"""([\w-]*)\s*[=:]?\s*\{?(?:"([^"\n]*)"|'([^'\n]*)'|`([^`]*)`)""")
_ALT = re.compile(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""")
TAG_START = re.compile(r"</?(?P<name>[A-Za-z][\w.:-]*)?")
_LONGEST_TAG = 20_000


def shown_strings(tag: str) -> str:
    """Return the strings of a tag that are sentences, or the value of a parameter that pages show."""
    found = []
    for name, *values in _STRINGS.findall(tag):
        value = "".join(values)
        if name.lower() in _SHOWN or (" " in value.strip() and not re.search(r"[;{}=<>]|:\s*\d", value)):
            found.append(value.replace("\\n", "\n"))
    return " ".join(found)


def without_tags(markup: str) -> str:
    """Return HTML without tags, but for the words of attributes that readers see."""
    return without_tags_of(_UNSEEN.sub(" ", markup), TAG_START)


def without_tags_of(markup: str, pattern: re.Pattern[str]) -> str:
    """Return the markup without the tags that the pattern finds by ``name``; what it finds as ``kept`` stays."""
    out: list[str] = []
    position = searched = 0
    while opened := pattern.search(markup, searched):
        searched = opened.end()
        if opened.groupdict().get("kept"):
            continue
        name = opened["name"] or ""
        end = _tag_end(markup, opened.end())
        if end < 0 or not (name or markup[opened.end() : opened.end() + 1] in "!?>"):
            continue
        inside = markup[opened.end() : end]
        out.append(markup[position : opened.start()])
        position = searched = end
        if name not in INLINE:
            out.append(" ")
        if name[:1].isupper() or "-" in name:
            out.append(shown_strings(inside) + " ")
        elif name.lower() == "img" and (alt := _ALT.search(inside)):
            out.append(f" {alt[1] or alt[2] or ''} ")
    out.append(markup[position:])
    return html.unescape("".join(out))


def _tag_end(markup: str, position: int) -> int:
    """Return where a tag ends, past strings and JSX expressions in it; -1 if it does not within 20,000 characters."""
    depth, quote = 0, ""
    for at in range(position, min(len(markup), position + _LONGEST_TAG)):
        sign = markup[at]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'`":
            quote = sign
        elif sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
        elif sign == ">" and depth <= 0:
            return at + 1
    plain = markup.find(">", position, position + _LONGEST_TAG)
    return plain + 1 if plain >= 0 else -1
