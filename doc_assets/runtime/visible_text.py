"""Text for terminals, logs and JSON: what would act on a terminal is shown, or escaped in JSON, never sent.

Used by everything that prints (``doc_assets/cli/output.py``) or logs (``log_lines.py``). What is stored is cleaned
elsewhere (``doc_assets/document/document.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

# C0, DEL and C1, which terminals obey; overrides and isolates, which change the order of what stands around them;
# lone surrogates, which stand for the bytes of a name that are no UTF-8 and cannot be encoded.
_OTHERS = r"\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_SHOWN = re.compile(rf"[\x00-\x1f{_OTHERS}\u2028\u2029]")
# In JSON's text: ``json`` has escaped C0 already, what is left of it is indentation.
_ESCAPED = re.compile(rf"[{_OTHERS}\u2028\u2029]")


INLINE = "\t\u2028\u2029"  # harmless in a line of its own, but not in a table: rich miscounts their width


def visible(text: str, kept: str = f"\n{INLINE}") -> str:
    r"""Return text whose control characters are shown by one sign each, except those in ``kept``.

    C0 and DEL become the pictures that Unicode has for them, all others ``<U+…>``; everything else stays as it is.

    Example:
        >>> visible("red\x1b[31m"), visible("two\nlines", kept="")
        ('red␛[31m', 'two␊lines')
    """
    return _SHOWN.sub(lambda found: found[0] if found[0] in kept else _sign(ord(found[0])), text)


def _sign(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"


def visible_json(
    value: object,
    *,
    indent: int | None = None,
    default: Callable[[object], object] | None = None,
    compact: bool = False,
    ascii_only: bool = False,
) -> str:
    """Return JSON that reads back exactly, in which such characters are escaped: it can be printed and encoded."""
    separators = (",", ":") if compact else None
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=separators, default=default)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
