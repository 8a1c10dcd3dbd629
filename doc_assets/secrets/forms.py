"""The forms in which a value can stand in a text: as it is, escaped, percent-encoded, in base64, in hexadecimal."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import dataclass

# A character of a word on each side would make it another word; an escape (\n, %20) in front of it does not.
_NOT_IN_A_WORD = (r"(?:(?<![^\W_])|(?<=\\[abfnrtv])|(?<=%[0-9A-Fa-f]{2}))", r"(?![^\W_])")
# Shorter pieces of base64 occur by chance.
_LEAST_BASE64 = 10
_LEAST_HEX = 6


@dataclass(frozen=True, slots=True)
class Forms:
    """How to find a value.

    Attributes:
        anchor: Letters and digits that each escaped form of it contains as they are; may be empty.
        pattern: Regular expression of the value, each character plain or escaped.
        encoded: Texts that occur in base64 and hexadecimal of any text around the value.
        unmistakable: True if no other text is like it by chance: long, or of several kinds of characters.
    """

    anchor: str
    pattern: str
    encoded: tuple[str, ...]
    unmistakable: bool

    def may_be_in(self, text: str) -> bool:
        """Return False if the text certainly does not hold the value."""
        return self.anchor in text or any(form in text for form in self.encoded)


def forms_of(value: str) -> Forms:
    """Return the forms of a value of four characters or more."""
    unmistakable = is_unmistakable(value)
    pattern = "".join(_character(c) for c in value)
    if not unmistakable:
        before, after = _NOT_IN_A_WORD
        pattern = f"{before if value[0].isalnum() else ''}{pattern}{after if value[-1].isalnum() else ''}"
    data = value.encode("utf-8", "surrogatepass")
    encoded = [form for form in _inner_base64(data) if len(form) >= _LEAST_BASE64]
    if len(data) >= _LEAST_HEX:
        encoded += [data.hex(), data.hex().upper()]
    anchor: str = max(re.findall(r"[A-Za-z0-9]+", value), key=len, default="")
    return Forms(anchor, pattern, tuple(dict.fromkeys(encoded)), unmistakable)


def is_unmistakable(value: str) -> bool:
    """Return True unless the value could be a word of a document, as ``postgres`` is."""
    kinds = (str.islower, str.isupper, str.isdecimal, lambda c: not c.isalnum() and c not in "-_. ")
    return len(value) >= 16 or (len(value) >= 8 and sum(any(map(kind, value)) for kind in kinds) >= 2)


def _character(c: str) -> str:
    if c.isascii() and c.isalnum():
        return c
    data = c.encode("utf-8", "surrogatepass")
    percent = "".join(f"%(?:25)*(?i:{byte:02x})" for byte in data)
    spellings = {c, json.dumps(c)[1:-1], repr(c)[1:-1], ascii(c)[1:-1], repr(data)[2:-1], html.escape(c), f"\\{c}"}
    spellings |= {f"&#{ord(c)};", f"&#x{ord(c):x};", f"&#x{ord(c):X};"} | ({"+"} if c == " " else set())
    # Twice: a JSON text within a JSON text, as in the error that a server passes on.
    spellings |= {json.dumps(spelling)[1:-1] for spelling in spellings}
    longest_first = sorted(spellings, key=len, reverse=True)
    return f"(?:{'|'.join([percent, *map(re.escape, longest_first)])})"


def _inner_base64(data: bytes) -> list[str]:
    """Return what base64 of any text that holds the bytes contains, for each of the three places in a group."""
    found = []
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        # The first characters hold bits of what stands in front, the last one of a group bits of what follows.
        inner = whole[(0, 2, 3)[before] : len(whole) - bool((before + len(data)) % 3)]
        found += [inner, inner.replace("+", "-").replace("/", "_")]
    return found
