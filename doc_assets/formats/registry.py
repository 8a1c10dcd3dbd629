"""Which formats are installed: the entry points, loaded one by one, so that a broken one takes no other along.

What a format is, and how one is chosen for a file, is in ``doc_assets.formats``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doc_assets.formats import Format

__all__ = ["ENTRY_POINTS", "Registry", "load_registry"]

ENTRY_POINTS = "doc_assets.formats"
_OWN = "doc-assets"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Registry:
    """What the entry points gave.

    Attributes:
        formats: Those that work, by name.
        broken: Those that do not: one sentence each that names the format, its package and what to do.
    """

    formats: Mapping[str, Format]
    broken: Mapping[str, str]


def load_registry() -> Registry:
    """Loads every entry point; warns of each that is broken, and propagates what our own formats raise.

    A name that several packages give is broken for all but our own.
    """
    claims: dict[str, dict[str, EntryPoint]] = {}
    for point in sorted(entry_points(group=ENTRY_POINTS)):
        # By value: an editable install can show one distribution twice.
        claims.setdefault(point.name, {}).setdefault(point.value, point)
    formats: dict[str, Format] = {}
    broken: dict[str, str] = {}
    for name, points in claims.items():
        own = [point for point in points.values() if _package(point) == _OWN]
        chosen = own or list(points.values())
        rivals = " and ".join(_origin(point) for point in points.values() if point not in own)
        if len(chosen) > 1 or (own and rivals):
            problem = f"format {name!r} is given by {rivals}{' as well as by doc-assets' if own else ''}"
            broken[name] = f"{problem}: uninstall one, or register it under another name"
        if own:
            formats[name] = own[0].load()()  # a mistake of our own is left to propagate as it is
        elif len(chosen) == 1:
            _load(chosen[0], formats, broken)
    for sentence in broken.values():
        _log.warning("%s", sentence)
    return Registry(formats, broken)


def _load(point: EntryPoint, formats: dict[str, Format], broken: dict[str, str]) -> None:
    try:
        found = point.load()()
        problem = _missing(point.name, found)
        if problem is None:
            formats[point.name] = found
            return
    except (Exception, SystemExit) as error:  # whatever foreign code raises while it is imported and made
        problem = f"{type(error).__name__}: {error}"
    broken[point.name] = f"format {point.name!r} of {_origin(point)} cannot be used: {problem}; mend or uninstall it"


def _missing(name: str, found: object) -> str | None:
    """What keeps an object from being a ``Format`` of that name, None if nothing does."""
    given = getattr(found, "name", None)
    if given != name:
        return f"its attribute 'name' is {given!r} and not {name!r}"
    for attribute in ("version", "priority"):
        value = getattr(found, attribute, None)
        if not isinstance(value, int) or isinstance(value, bool):
            return f"its attribute {attribute!r} is {value!r} and not an integer"
    suffixes = getattr(found, "suffixes", None)
    if not isinstance(suffixes, (frozenset, set)) or not all(
        isinstance(s, str) and s.startswith(".") and s == s.lower() for s in suffixes
    ):
        return f"its attribute 'suffixes' is {suffixes!r} and not a frozenset of lower-case suffixes with their dot"
    for method in ("accepts", "parse"):
        if not callable(getattr(found, method, None)):
            return f"it has no method {method!r}"
    return None


def _package(point: EntryPoint) -> str:
    return (point.dist.name if point.dist else "").lower().replace("_", "-")


def _origin(point: EntryPoint) -> str:
    where = f"{point.dist.name} {point.dist.version}" if point.dist else "a package without metadata"
    return f"{where} ({point.value})"
