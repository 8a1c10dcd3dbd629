"""Loads the installed formats from their entry points, and chooses the one for a file.

Each entry point is loaded separately, so that a broken one does not affect the others. The protocol is in ``base``.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from doc_assets.document import Document
from doc_assets.document.pointer import pointer_problem
from doc_assets.errors import CatalogueError, DocumentRejected, DocumentSkipped
from doc_assets.formats.base import Format, RawFile

ENTRY_POINTS = "doc_assets.formats"
_OWN = "doc-assets"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Registry:
    """Formats of the entry points.

    Attributes:
        formats: Working formats by name.
        broken: One sentence for each broken format, with its name, its package and the remedy.
    """

    formats: Mapping[str, Format]
    broken: Mapping[str, str]


@functools.cache
def _registry() -> Registry:
    return load_registry()


def format_names() -> list[str]:
    """Return the names of all registered formats, sorted, without importing any."""
    return sorted(entry_points(group=ENTRY_POINTS).names)


def format_versions() -> dict[str, int]:
    """Return the version of every working format by name."""
    return {name: found.version for name, found in sorted(_registry().formats.items())}


def get_format(name: str) -> Format:
    """Return the format of that name.

    Raises:
        CatalogueError: No such format is installed, or its package is broken.
    """
    registry = _registry()
    if name in registry.formats:
        return registry.formats[name]
    if name in registry.broken:
        raise CatalogueError(registry.broken[name])
    raise CatalogueError(f"unknown format {name!r}: installed are {', '.join(format_names())}")


def detect(file: RawFile) -> Format | None:
    """Return the format for this file, or None if no format claims its suffix and accepts it."""
    for candidate in sorted(_claiming(file.suffix), key=lambda f: (-f.priority, f.name)):
        if candidate.accepts(file):
            return candidate
    return None


def claimed_suffixes() -> frozenset[str]:
    """Return the suffixes, lower case with their dot, that working formats claim."""
    return frozenset(suffix for found in _registry().formats.values() for suffix in found.suffixes)


def _claiming(suffix: str) -> list[Format]:
    return [found for found in _registry().formats.values() if suffix in found.suffixes]


def parse(file: RawFile, format_name: str = "auto") -> list[Document]:
    """Parse a file with the named format or the detected one, and return documents that each hold some text.

    Raises:
        DocumentSkipped: No format reads this kind of file, or it holds nothing to load.
        DocumentRejected: The file is not of that format, unreadable, or only points to content kept elsewhere.
    """
    if not file.data.strip(b"\0 \t\r\n") and file.suffix != ".ipynb":
        raise DocumentSkipped("empty file")
    # Before any format sees it: as text it parses well. A pointer to an image is skipped like the image.
    if (problem := pointer_problem(file.data)) and (format_name != "auto" or _claiming(file.suffix)):
        raise DocumentRejected(problem)
    reader = detect(file) if format_name == "auto" else get_format(format_name)
    if reader is None:
        broken = "".join(f"; {problem}" for problem in _registry().broken.values())
        raise DocumentSkipped(f"unsupported format: no parser reads {file.suffix or 'files without a suffix'}{broken}")
    documents = [document for document in reader.parse(file) if not document.is_empty()]
    if not documents:
        raise DocumentSkipped("no text in the document")
    return documents


def load_registry() -> Registry:
    """Load every entry point; warn of each broken one, but propagate errors of the built-in formats.

    A name that several packages register is broken, unless a built-in format has it.
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
            formats[name] = own[0].load()()  # an error of a built-in format propagates unchanged
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
    except (Exception, SystemExit) as error:  # foreign code can raise anything when imported
        problem = f"{type(error).__name__}: {error}"
    broken[point.name] = f"format {point.name!r} of {_origin(point)} cannot be used: {problem}; mend or uninstall it"


def _missing(name: str, found: object) -> str | None:
    """Return why an object is not a ``Format`` of that name, or None if it is."""
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
