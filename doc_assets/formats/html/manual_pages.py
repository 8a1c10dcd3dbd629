"""Titles of manual pages (mandoc, groff, man7.org, Debian): what the section NAME says, "ring-dump - prints a ring"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from doc_assets.document import Block
from doc_assets.formats.parts import Heading, Part

# The section's name in the languages of manpages-l10n.
_NAME = frozenset((
    "name", "bezeichnung", "nom", "nome", "nombre", "nazwa", "имя", "naam", "namn", "navn", "név", "jméno", "名前",
    "名称", "名稱", "이름", "ім\u02bcя", "nume", "nimi",
))  # fmt: skip
_NAMED = re.compile(r"\S.{0,150}?\s+(?:-{1,2}|\\-|[\u2010-\u2015\u2212])\s+\S.{0,400}", re.DOTALL)


def manual_title(parts: Sequence[Part]) -> str | None:
    """Return the first paragraph of the section NAME that opens a manual page; None for any other page."""
    opening = [part for part in parts[:6] if isinstance(part, Heading | Block)]
    for at, part in enumerate(opening):
        if isinstance(part, Heading) and part.text.strip().lower() in _NAME and at + 1 < len(opening):
            following = opening[at + 1]
            if isinstance(following, Block) and _NAMED.fullmatch(following.text):
                titled = any(isinstance(one, Heading) and one.level < part.level for one in opening[:at])
                return None if titled else " ".join(following.text.split())
    return None
