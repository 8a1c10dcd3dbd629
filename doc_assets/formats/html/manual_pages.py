"""Titles of manual pages (mandoc, groff, man7.org, Debian): what the section NAME says, "ring-dump - prints a ring"."""

from __future__ import annotations

import re

from doc_assets.document import Block
from doc_assets.formats.parts import Heading, Part

# The section's name in the languages of manpages-l10n.
NAME_HEADINGS = frozenset((
    "name", "bezeichnung", "nom", "nome", "nombre", "nazwa", "имя", "naam", "namn", "navn", "név", "jméno", "名前",
    "名称", "名稱", "이름", "ім\u02bcя", "nume", "nimi",
))  # fmt: skip
_NAMED = re.compile(r"\S.{0,150}? (?:-{1,2}|\\-|[\u2010-\u2015\u2212]) \S.{0,400}")


def title_manual(parts: list[Part]) -> str | None:
    """Return the first paragraph of the section NAME that opens a manual page; None for any other page.

    groff's heading above it, the name in capitals, is removed from ``parts``; any other is the page's own title.
    """
    headings = [part for part in parts[:6] if isinstance(part, Heading)]
    name = next((one for one in headings if one.text.strip().lower() in NAME_HEADINGS), None)
    if name is None:
        return None
    at = parts.index(name)
    following = parts[at + 1] if at + 1 < len(parts) else None
    line = " ".join(following.text.split()) if isinstance(following, Block) and len(following.text) < 5_000 else ""
    if not _NAMED.fullmatch(line):
        return None
    above = [part for part in parts[:at] if isinstance(part, Heading)]
    if any(one.text != one.text.upper() or not line.lower().startswith(one.text.lower()) for one in above):
        return None
    for one in above:
        parts.remove(one)
    return line
