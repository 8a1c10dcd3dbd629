"""Options of an executable cell: knitr's in the braces of its fence (R), Quarto's in comments at its top (YAML).

Values are read as data: what only R could compute is no value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from doc_assets.formats.markdown.front_matter import read_yaml

_NAME = re.compile(r"[ \t\n,]*([A-Za-z.][\w.-]*)[ \t\n]*=(?!=)[ \t\n]*")
_STRING = re.compile(r"[rR]?\"((?:[^\"\\]|\\.)*+)\"|[rR]?'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_PIECE = re.compile(r"[^\"'()\[\]{},]+")
_ESCAPED = re.compile(r"\\([\"'\\])")
_NAMED_FILE = re.compile(
    r"(?:xfun::)?(?:read_?lines|read_utf8|read_file)\([ \t]*[\"']([^\"']{1,300})[\"'][ \t]*\)", re.IGNORECASE
)
_COMMENT = re.compile(r"[ \t]*(?:#|//|--|%%|%|!|;;|\*)\|[ \t]?(?P<text>.*)$")
_PLAIN = re.compile(
    r"(?P<name>[\w.-]+):[ \t]+(?P<value>(?:\"[^\"\\]*\"|'[^'\\]*'|[^\s\"'|>\[{&*!#%@`-][^#:\[{]*))[ \t]*$"
)
_LINE = re.compile(r"(?P<name>[\w.-]+)[ \t]*:[ \t]*(?P<value>.*)$")
_FACTS = {"true": "true", "t": "true", "false": "false", "f": "false"}
_CHUNK_DEFAULTS = re.compile(r"\bopts_chunk\$set\(")
_WORDS = ("cap", "filename", "summary")  # options whose value a reader sees: of a variable's name R would make another
_SHOWING = frozenset(("echo", "include", "eval", "output"))
_MOST = 60  # options of a cell
_LONGEST = 20_000  # characters of the arguments of a call


def r_options(text: str) -> dict[str, str]:
    """Return the options in R's syntax: strings without quotation marks, ``true`` and ``false``, calls as written.

    Args:
        text: What follows the engine's name: ``label, echo=FALSE, fig.cap="A plot"``.
    """
    options: dict[str, str] = {}
    position = 0
    while len(options) < _MOST and position < len(text):
        match = _NAME.match(text, position)
        if match is None:  # a label
            position = _end(text, position) + 1
            continue
        end = _end(text, match.end())
        name = _folded(match[1])
        options[name] = _value(text[match.end() : end].strip(), words=name.endswith(_WORDS))
        position = end + 1
    return options


def strings_in(value: str) -> list[str]:
    """Return the strings of a value as R writes it: ``c("a.Rmd", 'b.Rmd')``; a bare word is one."""
    found = [_unescaped(match) for match in _STRING.finditer(value)]
    return found or ([value] if value and "(" not in value else [])


def file_of(value: str) -> str:
    """Return the path of the file that a value reads (``readLines("x.R")``) or is; "" for other expressions."""
    if match := _NAMED_FILE.fullmatch(value):
        return match[1]
    return value if value and not re.search(r"[()\n$<>]", value) else ""


def split_comments(lines: list[str]) -> tuple[dict[str, str], int]:
    """Return the options in comments at the top of a cell, and how many lines they take.

    Lists of captions become one text; names are spelled as Quarto spells them (``fig-cap``).
    """
    texts: list[str] = []
    for line in lines:
        match = _COMMENT.match(line)
        if match is None:
            break
        texts.append(match["text"])
    if not texts:
        return {}, 0
    plain = [_PLAIN.match(text) for text in texts]  # most cells need no YAML, which takes ten times as long
    if all(plain):
        return {_folded(match["name"]): match["value"].strip().strip("\"'") for match in plain[:_MOST] if match}, len(
            texts
        )
    parsed = read_yaml("\n".join(texts))
    if parsed is None:
        stated = [match for text in texts if (match := _LINE.match(text))]
        parsed = {match["name"]: match["value"].strip("\"' ") for match in stated} or r_options(", ".join(texts))
    return {_folded(str(name)): _text(value) for name, value in list(parsed.items())[:_MOST]}, len(texts)


def chunk_defaults(code: str) -> dict[str, str]:
    """Return the options that a cell sets for those after it: ``knitr::opts_chunk$set(echo = FALSE)``, never run."""
    found: dict[str, str] = {}
    position = 0
    while match := _CHUNK_DEFAULTS.search(code, position):
        arguments = code[match.end() : match.end() + _LONGEST]
        position = match.end() + _end(arguments, 0, closing=")")
        stated = r_options(code[match.end() : position])
        found |= {name: value for name, value in stated.items() if name in _SHOWING}
    return found


def _folded(name: str) -> str:
    name = name.lower().replace(".", "-")
    return {"tab-cap": "tbl-cap", "label": "label"}.get(name, name)


def _value(text: str, *, words: bool) -> str:
    if match := _STRING.fullmatch(text):
        return _unescaped(match)
    if words:
        return " ".join(strings_in(text)) if text.startswith("c(") else ""
    return _FACTS.get(text.lower(), text)


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPED.sub(r"\1", match[1] if match[1] is not None else match[2])


def _end(text: str, position: int, closing: str = ",") -> int:
    """Return where an argument ends: at a comma (or ``closing``) outside of brackets and strings."""
    depth = 0
    while position < len(text):
        character = text[position]
        if character in "\"'":
            match = _STRING.match(text, position)
            position = match.end() if match else position + 1
        elif not depth and character == closing:
            return position
        elif character in "([{":
            depth += 1
            position += 1
        elif character in ")]}":
            depth = max(0, depth - 1)
            position += 1
        elif piece := _PIECE.match(text, position):
            position = piece.end()
        else:
            position += 1
    return len(text)


def _text(value: object) -> str:
    return " ".join(_texts(value)).strip()


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, (str, int, float)):
        yield str(value).strip()
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, (str, int, float)):
                yield str(item).strip()
    elif isinstance(value, Mapping):
        return
