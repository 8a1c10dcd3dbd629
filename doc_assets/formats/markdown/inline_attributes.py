"""Attributes of links, images, spans and code inside lines, keys, and the marks that only Pandoc's dialect has.

``++ctrl+c++`` is PyMdown's, ``[words](target){ .md-button }`` Python-Markdown's, Pandoc's and MyST's, and
``[words]{.small}`` Pandoc's and MyST's. Attributes of headings are in ``heading_ids``.
"""

from __future__ import annotations

import re

from doc_assets.formats.superscripts import subscript, superscript

_ITEM = r"""(?:[\#.][^\s{}\#.]+(?:\.[^\s{}\#.]+)*|[\w:-]+=(?:"[^"{}\n]*"|'[^'{}\n]*'|[^\s"'{}]+))"""
_ATTRIBUTES = rf"\{{:?[ \t]*{_ITEM}(?:[ \t]+(?:{_ITEM}|[\w-]+))*[ \t]*\}}"
_CODE = r"(?P<code>(?<!`)`++[^`\n]+`+)"
_AFTER = re.compile(
    rf"{_CODE}(?:{_ATTRIBUTES})?|(?<![\w:\\]):[a-z][\w-]{{0,40}}\[(?P<component>[^\[\]\n]{{1,300}})\]{_ATTRIBUTES}|(?<![\]!\\])\[(?P<span>[^\[\]\n]{{1,300}})\]{_ATTRIBUTES}|(?<=[)\]]){_ATTRIBUTES}|(?<=[^\s*]\*\*){_ATTRIBUTES}"
)
_NOTE = re.compile(
    rf"{_CODE}|\$[^$\n]+\$|(?<=[\w.,;:!?)])\^\[(?P<note>[^\[\]\n]{{1,500}}[ ][^\[\]\n]{{1,500}})\](?!\()"
)
_KEY = r"""(?:[a-z0-9-]{1,20}|"[^"\n+]{1,20}")"""
_KEYS = re.compile(rf"{_CODE}|(?<![+\w])\+\+(?P<keys>{_KEY}(?:\+{_KEY}){{0,5}})\+\+(?![+\w])")
# fmt: off
_NAMED_KEYS = frozenset((
    "ctrl", "control", "alt", "option", "shift", "cmd", "command", "meta", "win", "windows", "super", "fn", "enter",
    "return", "tab", "esc", "escape", "space", "backspace", "delete", "del", "insert", "home", "end", "up",
    "down", "left", "right", "arrow-up", "arrow-down", "arrow-left", "arrow-right", "page-up", "page-down", "caps-lock",
    "print-screen", "num-lock", *(f"f{number}" for number in range(1, 25)),
    "backslash", "backtab", "bar", "break", "clear", "colon", "comma", "context-menu", "double-quote", "eject", "equal",
    "exclam", "function", "grave", "help", "menu", "minus", "pause", "period", "pipe", "plus", "power", "question",
    "semicolon", "single-quote", "slash", "tilde", "underscore",
))
# fmt: on
_SIDED_KEY = re.compile(
    r"(?:left|right|num|media|browser|brace|bracket|volume|caps|scroll|print|page|arrow|x-button)-?\w"
)
_TARGET = re.compile(r"^\[\]\(\)\{[ \t]*#([^\s{}]+)[^{}\n]*\}[ \t]*$", re.MULTILINE)  # of autorefs
_LABEL = re.compile(r"(?<=\$\$)[ \t]*\{#[\w:.-]+[^{}\n]*\}[ \t]*$", re.MULTILINE)  # of a formula, in Quarto
_PANDOC = re.compile(
    rf"{_CODE}|\$[^$\n]+\$|(?<!\\)\^\[(?P<note>[^\[\]\n]{{1,500}})\]"
    r"|(?<![\\^])\^(?P<sup>[^\s^]{1,40})\^(?!\^)|(?<![\\~])~(?P<sub>[^\s~]{1,40})~(?!~)"
)


def read_keys(prose: str) -> str:
    """Return prose with combinations of keys (``++ctrl+c++``) as they are shown: ``Ctrl+C`` in backticks."""
    return _KEYS.sub(_key_names, prose) if "++" in prose else prose


def _key_names(match: re.Match[str]) -> str:
    if match["code"]:
        return match[0]
    names = match["keys"].split("+")
    alone = len(names) == 1 and len(names[0]) == 1
    if not alone and not any(name[0] == '"' or name in _NAMED_KEYS or _SIDED_KEY.match(name) for name in names):
        return match[0]  # an expression
    shown = "+".join(
        name.strip('"') if name[0] == '"' else " ".join(part.capitalize() for part in name.split("-")) for name in names
    )
    return f"`{shown}`"


def drop_attributes(prose: str) -> str:
    """Return prose without the attributes of what stands in its lines."""
    if "^[" in prose:
        prose = _NOTE.sub(lambda m: f" ({m['note'].strip()})" if m["note"] else m[0], prose)
    if "$ {#" in prose or "${#" in prose:
        prose = _LABEL.sub("", prose)
    if "){" not in prose and "]{" not in prose and "`{" not in prose and "**{" not in prose:
        return prose
    if "[](){" in prose:
        prose = _TARGET.sub(r'<a id="\1"></a>\n', prose)
    return _AFTER.sub(lambda m: m["code"] or m["component"] or m["span"] or "", prose)


def read_pandoc_marks(prose: str) -> str:
    """Return prose of Pandoc's dialect (Quarto) with powers, indexes and notes in lines as words."""
    return _PANDOC.sub(_shown, prose) if "^" in prose or "~" in prose else prose


def _shown(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - 40) : match.start()]
    if match["note"]:
        return f" ({match['note'].strip()})"
    if match["sup"]:
        return superscript(before, match["sup"])
    return subscript(before, match["sub"]) if match["sub"] else match[0]
