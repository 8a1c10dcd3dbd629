r"""Escapes inside a line (fonts, sizes, motions, characters) and the arguments of a macro: text without marks.

``JOINED`` stands in a text where roff puts no space between this line and the next (``\c``, mdoc's ``Ns``).
"""

from __future__ import annotations

import re

from doc_assets.formats.man.glyphs import glyph

JOINED = "\x01"  # no clean text holds it

# A delimited argument is on one line; real ones have under 40 characters. The bound keeps the time linear.
_ESCAPE = re.compile(
    r"""\\(?:
    \((?P<two>..)
    |\[(?P<name>[^\]\n]{0,80})\]
    |[fFmMYgVOkn*](?:\(..|\[[^\]\n]{0,80}\]|.?)
    |s(?:[-+]?\(..|\([-+]..?|\[[^\]\n]{0,20}\]|[-+]?'[^'\n]{0,20}'|[1-3][0-9]|[-+]?[0-9])
    |(?P<motion>[hvwxlLDbNCXRSHABZo])(?P<mark>[^\\\s\w])(?P<inside>.{0,300}?)(?P=mark)
    |(?P<one>.?)
    )""",
    re.VERBOSE,
)
_ONE = {
    "-": "-", " ": " ", "~": " ", "0": " ", "|": "", "^": "", "&": "", ")": "", "%": "", ":": "", "/": "", ",": "",
    "e": "\\", "E": "\\", "\\": "\\", "'": "'", "`": "`", "_": "_", "c": JOINED, "t": "\t", "a": "\t", "u": "", "d": "",
    "r": "", "p": " ", "{": "", "}": "", "z": "", "!": "", "?": "",
}  # fmt: skip
_ARGUMENT = re.compile(r'[ \t]*(?:"((?:[^"]|"")*)(?:"|$)|((?:\\.|[^ \t\\]|\\$)+))', re.DOTALL)
_DEEPEST = 4  # delimited arguments within one another


def plain(text: str, depth: int = 0) -> str:
    r"""Return the text that a reader sees of a line: ``\fB\-x\fR`` is ``-x``."""
    if "\\" not in text:
        return text

    def shown(match: re.Match[str]) -> str:
        if (one := match["one"]) is not None:
            return _ONE.get(one, one)
        if (name := match["two"] or match["name"]) is not None:
            return glyph(name)
        if (motion := match["motion"]) is not None:
            return _moved(motion, match["inside"], depth)
        return ""

    return _ESCAPE.sub(shown, text)


def arguments(text: str) -> list[str]:
    r"""Return the arguments of a macro with their escapes: ``"a b" c\ d`` are two, ``""`` within quotes is a quote."""
    return [word for word, _ in quoted_arguments(text)]


def quoted_arguments(text: str) -> list[tuple[str, bool]]:
    """Return the arguments of a macro, and of each whether it stands in quotes."""
    if "\\" not in text and '"' not in text:
        return [(word, False) for word in text.replace("\t", " ").split(" ") if word]
    found = _ARGUMENT.findall(text)
    return [(bare, False) if bare else (quoted.replace('""', '"'), True) for quoted, bare in found]


def _moved(motion: str, inside: str, depth: int) -> str:
    if motion == "h":
        return "" if inside.startswith("-") else " "
    if motion == "C":
        return glyph(inside)
    if motion == "N":
        return glyph(f"char{inside}")
    if depth >= _DEEPEST:
        return ""
    if motion in "bZ":
        return plain(inside, depth + 1)
    return plain(inside, depth + 1)[:1] if motion == "o" else ""
