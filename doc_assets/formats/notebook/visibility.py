"""What a site shows of a cell: tags and metadata of Jupyter Book, nbsphinx, nbconvert; options of Quarto and nbdev.

What a reader opens with a click (``hide-input``, ``source_hidden``, Colab's forms) is shown; what the site leaves out
is not. ``cells`` reads the cells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_CELL = frozenset(("remove-cell", "remove_cell", "hide", "#hide"))
_INPUT = frozenset(("remove-input", "remove_input"))
_OUTPUT = frozenset(("remove-output", "remove_output", "remove_outputs", "remove-outputs", "remove_all_outputs"))
_STREAMS = {"remove-stdout": "stdout", "remove-stderr": "stderr"}

# `#| echo: false` of Quarto, `#| hide` of nbdev, with the comment sign of the cell's language.
_OPTION = re.compile(r"[ \t]*(?:#|//|--|%%)\|[ \t]*([\w-]+)(?:[ \t]*:[ \t]*([^\n]*)|[ \t]+[^\n]*)?(?:\n|\Z)")
_CONTINUED = re.compile(r"[ \t]*(?:#|//|--|%%)\|[ \t]*([^\n]*)(?:\n|\Z)")
_INDENTED = re.compile(r"[ \t]*(?:#|//|--|%%)\|[ \t]{2,}\S")
_BLOCK = re.compile(r"[|>][+-]?$")  # YAML: the value is the indented text below
_NBDEV_COMMENT = re.compile(
    r"#[ \t]?(hide|hide_input|hide_output|exports?i?|default_exp\b[^\n]*)[ \t]*(?:\n|\Z)", re.IGNORECASE
)
_NO = frozenset(("false", "no", "off"))


@dataclass(frozen=True, slots=True)
class Visibility:
    """Which halves of a cell are shown; ``streams`` are those that are left out of its output."""

    source: bool = True
    outputs: bool = True
    streams: frozenset[str] = frozenset()


_ALL, _NOTHING = Visibility(), Visibility(source=False, outputs=False)
_STATING = frozenset(("tags", "nbsphinx", "mystnb"))  # keys of a cell's metadata


def split_options(source: str) -> tuple[dict[str, str], str]:
    """Split the option comments off the top of a code cell: values by name, "" for a flag, and the rest."""
    options: dict[str, str] = {}
    position = len(source) - len(source.lstrip("\n"))
    if source[position : position + 1] not in ("#", "/", "-", "%"):
        return options, source
    if match := _NBDEV_COMMENT.match(source, position):
        options[match[1].split()[0].lower()] = ""
        position = match.end()
    folded = ""  # the option whose value goes on
    while position < len(source):
        goes_on = folded and _INDENTED.match(source, position)
        match = None if goes_on else _OPTION.match(source, position)
        if match is not None:
            name, value = match[1].lower().replace("hide-", "hide_"), (match[2] or "").strip()
            folded = name if _BLOCK.match(value) else ""
            options[name] = "" if folded else value.strip("\"'")
        elif (match := _CONTINUED.match(source, position)) is None:
            break
        elif folded:
            options[folded] = f"{options[folded]} {match[1].strip()}".strip()
        position = match.end()
    return options, source[position:] if options else source


def visibility(facts: Mapping[str, Any], options: Mapping[str, str], defaults: Mapping[str, Any]) -> Visibility:
    """Return what is shown of a cell.

    Args:
        facts: The cell's metadata.
        options: Options at its top.
        defaults: Quarto's ``execute`` in the notebook's front matter.
    """
    if not options and not defaults and _STATING.isdisjoint(facts):
        return _ALL

    def is_off(name: str) -> bool:
        stated = options.get(name, defaults.get(name, ""))
        return stated is False or str(stated).lower() in _NO

    stated = facts.get("tags")
    tags = {tag for tag in stated if isinstance(tag, str)} if isinstance(stated, list) else set()
    book = facts.get("mystnb")
    book = book if isinstance(book, Mapping) else {}
    if tags & _CELL or facts.get("nbsphinx") == "hidden" or "hide" in options or is_off("include"):
        return _NOTHING
    if "default_exp" in options:
        return _NOTHING
    hidden = bool(tags & _INPUT) or "hide_input" in options or is_off("echo") or book.get("remove_code_source") is True
    silent = bool(tags & _OUTPUT) or "hide_output" in options or is_off("output")
    silent = silent or book.get("remove_code_outputs") is True
    return Visibility(not hidden, not silent, frozenset(_STREAMS[tag] for tag in tags if tag in _STREAMS))
