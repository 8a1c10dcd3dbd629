"""Document attributes: entries (``:name: value``), references (``{name}``), counters, and the ones that always exist.

Values that the catalogue or antora.yml gives come first; where they stand is known to ``format``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

ENTRY = re.compile(r":(!?[^\W-][\w-]*!?):(?:[ \t]+(.*))?$")
_REFERENCE = re.compile(r"(\\)?\{(set:|counter2?:)?([^\W-][\w-]{0,99})(?::([^{}\n]{0,200}))?\}")
_SIGN = re.compile("[\x00-\x1f]")  # of ``inline``, good for one passage only
_WHOLE = re.compile(r"[+-]?\d{1,3}")
_MAX_VALUE = 10_000  # characters; a value can hold others, so that a few lines could double it again and again
_MAX_ADDED = 500_000  # characters that references and repeated cells may add to one document

# Asciidoctor's intrinsic attributes. Signs that mean something inside a line are entities, read after everything else.
_CHARACTERS = {
    "blank": "", "empty": "", "sp": " ", "nbsp": "\xa0", "zwsp": "", "wj": "", "apos": "'", "quot": '"',
    "lsquo": "\u2018", "rsquo": "\u2019", "ldquo": "\u201c", "rdquo": "\u201d", "deg": "°", "plus": "&#43;",
    "brvbar": "¦", "vbar": "|", "amp": "&amp;", "lt": "&lt;", "gt": "&gt;", "startsb": "&#91;", "endsb": "&#93;",
    "caret": "&#94;", "asterisk": "&#42;", "tilde": "&#126;", "backslash": "&#92;", "backtick": "&#96;",
    "two-colons": "::", "two-semicolons": ";;", "cpp": "C&#43;&#43;", "cxx": "C&#43;&#43;", "pp": "&#43;&#43;",
}  # fmt: skip
# What conditions ask for: the page is read as a browser shows it.
_HTML_PAGE = {
    "asciidoctor": "", "backend": "html5", "backend-html5": "", "basebackend": "html", "basebackend-html": "",
    "backend-html5-doctype-article": "", "doctype": "article", "doctype-article": "", "filetype": "html",
    "filetype-html": "", "outfilesuffix": ".html", "experimental": "", "sectids": "", "idprefix": "_",
    "idseparator": "_", "asciidoctor-version": "2.0.23", "safe-mode-name": "safe", "safe-mode-safe": "",
    "safe-mode-level": "1",
    "attribute-missing": "skip", "table-caption": "Table", "note-caption": "Note", "tip-caption": "Tip",
    "important-caption": "Important", "warning-caption": "Warning", "caution-caption": "Caution",
}  # fmt: skip


class Attributes:
    """The attributes of one document, which its lines change from top to bottom."""

    def __init__(self, given: Mapping[str, str | None] | None = None, *, max_added: int = _MAX_ADDED) -> None:
        """Store values from outside the document.

        Args:
            given: Values by name, None for an attribute that is not set; ``value@`` may be changed by the document.
            max_added: Characters that all references, and cells that are repeated, may add together.
        """
        self._values: dict[str, str] = {**_HTML_PAGE}
        self._locked: set[str] = set()
        self._left = max_added
        for name, value in (given or {}).items():
            key = name.lower().rstrip("@")
            if not (name.endswith("@") or (value or "").endswith("@")):
                self._locked.add(key)
            if value is None:
                self._values.pop(key, None)
            else:
                self._values[key] = value.removesuffix("@")

    def get(self, name: str, default: str = "") -> str:
        """Return a value, ``default`` for an attribute that is not set."""
        return self._values.get(name, default)

    def __contains__(self, name: str) -> bool:
        """Return whether an attribute is set."""
        return name.lower() in self._values or name in _CHARACTERS

    def define(self, name: str, value: str | None) -> None:
        """Set an attribute, or unset it for None; one that was given from outside stays."""
        key = name.lower()
        if key in self._locked:
            return
        if value is None:
            self._values.pop(key, None)
            return
        if key == "leveloffset" and value[:1] in ("+", "-") and _WHOLE.fullmatch(value):
            value = str(self.whole("leveloffset") + int(value))
        if key in ("doctype", "backend"):
            self._values.pop(f"{key}-{self._values.get(key, '')}", None)
            self._values[f"{key}-{value}"] = ""
        self._values[key] = value[:_MAX_VALUE]

    def whole(self, name: str) -> int:
        """Return a value as a number; 0 where it is none."""
        value = self._values.get(name, "")
        return int(value) if _WHOLE.fullmatch(value) else 0

    def resolve(self, text: str) -> str:
        """Return the text with values in the place of references; a missing one stays as written."""
        if "{" not in text:
            return text
        return _REFERENCE.sub(self._value, text)

    def has_room(self, characters: int) -> bool:
        """Return whether the document may grow by that many characters; if so, record the growth."""
        if characters > self._left:
            return False
        self._left -= characters
        return True

    def missing_in(self, text: str) -> bool:
        """Return whether a text refers to an attribute that is not set."""
        return any(not found[1] and not found[2] and found[3] not in self for found in _REFERENCE.finditer(text))

    def _value(self, match: re.Match[str]) -> str:
        escape, command, name, argument = match.groups()
        argument = argument and _SIGN.sub("", argument)
        if escape:
            return match[0][1:]
        if command == "set:":
            self.define(name, argument or "")
            return ""
        if command:
            value = self._count(name, argument or "")
            return "" if command == "counter2:" else value
        value = self._values.get(name.lower(), _CHARACTERS.get(name)) if argument is None else None
        return match[0] if value is None or not self.has_room(len(value)) else value

    def _count(self, name: str, start: str) -> str:
        before = self._values.get(name.lower(), "")
        if before.isdecimal():
            value = str(int(before[:9]) + 1)
        elif len(before) == 1 and before.isascii() and before.isalpha():
            value = chr(ord(before) + 1)
        else:
            value = start or "1"
        self.define(name, value)
        return value


def entry_of(line: str) -> tuple[str, str | None] | None:
    """Return the name and value of an attribute entry, the value None where it unsets; None for another line."""
    match = ENTRY.match(line) if line.startswith(":") else None
    if match is None:
        return None
    name = match[1]
    if name.startswith("!") or name.endswith("!"):
        return name.strip("!"), None
    return name, (match[2] or "").strip()
