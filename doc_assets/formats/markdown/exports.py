"""What an MDX page says of itself in exports (``export const metadata = {title: "…"}``), as Next.js reads it.

Strings only; nothing is evaluated. ``jsx`` removes the statements from the text.
"""

from __future__ import annotations

import re

_EXPORT = re.compile(
    r"^export[ \t]+(?:const|let|var)[ \t]+"
    r"(?:(?:metadata|meta|frontMatter|frontmatter|pageMeta)\b[^={\n]{0,100}=\s{0,20}(?:\w+\(\s{0,20})?(?=\{)"
    r"|(?P<name>title|description)\b[^={\n]{0,100}=\s{0,20}(?=[\"'`]))",
    re.MULTILINE,
)
_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.)*`)"""
    r"""|(?P<word>[A-Za-z_$][\w$]*)|(?P<mark>[{}()\[\]:,])""",
    re.DOTALL,
)
_LONGEST = 10_000  # characters of a statement
_WANTED = frozenset((("title",), ("description",), ("title", "default"), ("title", "absolute")))
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def exported_facts(text: str) -> dict[str, str]:
    """Return the title and description that a page exports; the first statement of each counts."""
    facts: dict[str, str] = {}
    if "export" not in text:
        return facts
    for match in _EXPORT.finditer(text):
        if match["name"]:
            token = _TOKEN.match(text, match.end(), match.end() + _LONGEST)
            if token and token["string"]:
                facts.setdefault(match["name"], _plain(token["string"]))
        else:
            for name, value in _strings(text, match.end()).items():
                facts.setdefault(name, value)
    return {name: value for name, value in facts.items() if value}


def _strings(text: str, start: int) -> dict[str, str]:
    """Return the wanted strings of the object that opens at ``start``."""
    found: dict[str, str] = {}
    path: list[str] = []  # keys of the open objects, outermost first
    key = last = ""
    for token in _TOKEN.finditer(text, start, start + _LONGEST):
        mark = token["mark"]
        if mark == ":":
            key = last
        elif mark and mark in "{[(":
            path.append(key if mark == "{" else "[")
            key = ""
        elif mark and mark in "}])":
            path.pop()
            key = ""
            if not path:
                break
        elif mark == ",":
            key = ""
        elif token["string"]:
            last = _plain(token["string"])
            if key and (*path[1:], key) in _WANTED:
                found.setdefault((*path[1:], key)[0], last)
        elif token["word"]:
            last = token["word"]
    return found


def _plain(literal: str) -> str:
    return " ".join(_ESCAPE.sub(r"\1", literal[1:-1]).split())
