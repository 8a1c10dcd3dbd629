"""What a page states of itself: title, section, date, source, manual; its description; the pages that it refers to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from doc_assets.document import Block, JsonValue, json_safe
from doc_assets.formats.html.manual_pages import NAME_HEADINGS
from doc_assets.formats.man.escapes import JOINED
from doc_assets.formats.parts import Heading, Part

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ .-]+([A-Za-z]{3,9})[ .,-]+(\d{4})")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})[ .]+(\d{1,2})(?:st|nd|rd|th)?,?[ ]+(\d{4})")
_REFERENCE = re.compile(r"([A-Za-z0-9_][\w.+:@-]{0,80}) ?\((\d[a-zA-Z0-9]{0,8})\)")
_NAMES = re.compile(r"(\S.{0,300}?) (?:-{1,2}|[\u2010-\u2015\u2212]) (\S.*)", re.DOTALL)
_SEE_ALSO = frozenset(("see also", "siehe auch", "voir aussi", "véase también", "vedere anche", "関連項目"))
_MOST_REFERENCES = 100
_LONGEST = 200  # characters of a fact


@dataclass
class Facts:
    """The head of a page.

    Attributes:
        path: The file, whose name is that of the page where the head has none.
        name: Name as the head has it, often in capitals.
    """

    path: str
    name: str = ""
    section: str = ""
    date: str = ""
    source: str = ""
    manual: str = ""
    first_name: str = ""  # of mdoc's .Nm
    _is_stated: bool = field(default=False, repr=False)

    def of_man(self, given: Sequence[str]) -> None:
        """Take the arguments of the first ``.TH``."""
        if not self._is_stated and given:
            self._is_stated = True
            self.name, self.section, self.date, self.source, self.manual = [*given[:5], "", "", "", "", ""][:5]

    def title(self, parts: Sequence[Part]) -> str:
        """Return ``name(section)``, spelled as the file or the section NAME does."""
        stem, section = _name_of_file(self.path)
        section = self.section.replace(JOINED, "").strip().split(" ")[0] or section
        listed = re.split(r"[,\s]+", (_name_line(parts) or ("", ""))[0].strip())
        name = (self.name or self.first_name).replace(JOINED, "").strip()
        spelled = next((one for one in (stem, *listed) if one and one.casefold() == name.casefold()), "")
        if not spelled:
            is_word = name and not re.search(r"\s", name)
            spelled = (name.lower() if name == name.upper() else name) if is_word else stem
        return f"{spelled[:_LONGEST]}({section[:20]})" if section else spelled

    def metadata(self, parts: Sequence[Part]) -> dict[str, JsonValue]:
        """Return the facts for the document's metadata."""
        line = _name_line(parts)
        found = {
            "description": line[1] if line else "",
            "manual_section": self.section,
            "manual": self.manual,
            "manual_source": self.source,
            "updated": _day(self.date),
        }
        facts: dict[str, JsonValue] = {
            name: json_safe(" ".join(value.replace(JOINED, "").split())[:_LONGEST])
            for name, value in found.items()
            if value.strip()
        }
        if references := _references(parts):
            facts["see_also"] = references
        return facts


def _day(text: str) -> str:
    """Return a date as ``2024-05-31``; as it is written where it names no day or an uncertain one (10/07/2025)."""
    text = text.replace("$", "").removeprefix("Mdocdate").lstrip(":").strip()  # OpenBSD's keyword, filled or not
    if match := _ISO.match(text):
        year, month, day = (int(one) for one in match.groups())
    elif match := _DAY_FIRST.match(text):
        year, month, day = int(match[3]), _month(match[2]), int(match[1])
    elif match := _MONTH_FIRST.match(text):
        year, month, day = int(match[3]), _month(match[1]), int(match[2])
    else:
        return text
    return f"{year:04}-{month:02}-{day:02}" if 1 <= month <= 12 and 1 <= day <= 31 else text


def _month(name: str) -> int:
    short = name[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else 0


def _name_of_file(path: str) -> tuple[str, str]:
    place = PurePosixPath(path)
    name = place.name.removesuffix(".gz").removesuffix(".in")
    stem, dot, section = name.rpartition(".")
    return (stem, section) if dot and section[:1].isdigit() else (stem or name, "")


def _name_line(parts: Sequence[Part]) -> tuple[str, str] | None:
    """Return the names and the description that the section NAME states."""
    for at, part in enumerate(parts[:6]):
        if isinstance(part, Heading) and part.text.strip().lower() in NAME_HEADINGS:
            block = parts[at + 1] if at + 1 < len(parts) else None
            if isinstance(block, Block) and (match := _NAMES.match(" ".join(block.text[:2_000].split()))):
                return match[1], match[2]
            return None
    return None


def _references(parts: Sequence[Part]) -> JsonValue:
    found: dict[str, None] = {}
    reading = False
    for part in parts:
        if isinstance(part, Heading):
            reading = part.text.casefold() in _SEE_ALSO
        elif reading and isinstance(part, Block):
            found |= dict.fromkeys(f"{name}({section})" for name, section in _REFERENCE.findall(part.text[:20_000]))
    return [*found][:_MOST_REFERENCES]
