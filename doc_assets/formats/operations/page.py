"""The operation that a page of Mintlify or Fumadocs names and does not hold: it is read from the description it is in.

``openapi: /specs/swap.yaml get /order`` in the front matter, and ``<APIPage document="…" operations={[…]} />``.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from doc_assets.document import Block, JsonValue
from doc_assets.errors import DocumentRejected
from doc_assets.formats.base import RawFile
from doc_assets.formats.operations.facts import description_facts, operation_facts
from doc_assets.formats.operations.sections import operation_parts
from doc_assets.formats.operations.specification import METHODS, Operation, Specification, line, read_specification
from doc_assets.formats.operations.words import ReadMarkdown
from doc_assets.formats.parts import Heading, Part

_NAMED = re.compile(
    rf"(?:(?P<file>\S.{{0,500}}?)\s+)?(?P<method>{'|'.join(METHODS)}|webhook)\s+(?P<path>\S.{{0,500}})", re.IGNORECASE
)
_API_PAGE = re.compile(r"<APIPage\b(?P<inside>[^<>]{0,2000})/>")
_DOCUMENT = re.compile(r"""\bdocument=\{?["'`](?P<file>[^"'`{}]{1,500})["'`]\}?""")
_OPERATION = re.compile(
    r"""\{(?=[^{}]{0,600}["']?path["']?\s*:\s*["'](?P<path>[^"']{1,300})["'])(?=[^{}]{0,600}"""
    r"""["']?method["']?\s*:\s*["'](?P<method>\w{1,20})["'])"""
)
_MOST_OPERATIONS = 20
_MOST_ROWS = 250  # a page has no document of schemas beside it


@dataclass(frozen=True, slots=True)
class PageOperations:
    """What a page shows of a description.

    Attributes:
        parts: Its operations.
        facts: Method, path and so on.
        title: What the first operation is called.
        missing: The reference as written where it leads nowhere, else "".
    """

    parts: tuple[Part, ...] = ()
    facts: Mapping[str, JsonValue] | None = None
    title: str = ""
    missing: str = ""


def page_operations(
    file: RawFile, facts: Mapping[str, JsonValue], body: str, roots: tuple[str, ...], read_markdown: ReadMarkdown
) -> PageOperations:
    """Return the operations that a page names.

    Args:
        file: The page, whose neighbours hold the description.
        facts: Its front matter.
        body: Its text.
        roots: Folders that an absolute path may start from: those of the site and the source.
        read_markdown: Reads the Markdown of descriptions.
    """
    for named, wanted in _references(facts, body):
        found = _find(file, named, wanted, roots, read_markdown)
        return found or PageOperations(missing=f"{named} {' '.join(wanted[0])}")
    return PageOperations()


def _references(facts: Mapping[str, JsonValue], body: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    stated = facts.get("openapi")
    if isinstance(stated, str) and (match := _NAMED.fullmatch(stated.strip())) and match["file"]:
        yield match["file"].strip("\"'"), [(match["method"].upper(), match["path"].strip().strip("\"'"))]
    if "<APIPage" in body and (tag := _API_PAGE.search(body)) and (document := _DOCUMENT.search(tag["inside"])):
        named = [(one["method"].upper(), one["path"]) for one in _OPERATION.finditer(tag["inside"])]
        if named:
            yield document["file"], named[:_MOST_OPERATIONS]


def _find(
    file: RawFile, named: str, wanted: list[tuple[str, str]], roots: tuple[str, ...], read_markdown: ReadMarkdown
) -> PageOperations | None:
    for path in _places(file, named, roots):
        data = file.neighbours.read(path)
        if data is None:
            continue
        try:
            specification = read_specification(RawFile(path, data, file.attributes, file.neighbours), read_markdown)
            if specification is None:
                continue
            specification.most_rows = specification.most_uses = _MOST_ROWS
            operations = [one for one in (_operation(specification, *names) for names in wanted) if one is not None]
            return _shown(specification, operations) if operations else None
        except (DocumentRejected, RecursionError):
            return None
    return None


def _places(file: RawFile, named: str, roots: tuple[str, ...]) -> Iterator[str]:
    """Yield the paths that a description can have, without those outside of the source."""
    if "://" in named or "\0" in named:
        return
    folders = roots if named.startswith("/") else (posixpath.dirname(file.path), *roots)
    paths = [posixpath.normpath(posixpath.join(folder, named.lstrip("/"))) for folder in folders]
    yield from dict.fromkeys(path for path in paths if not path.startswith(("../", "/")) and path not in (".", ".."))


def _operation(specification: Specification, method: str, path: str) -> Operation | None:
    """Return the operation; its path's trailing slash and the case of the method do not count."""
    for one in specification.operations():
        same = one.path.rstrip("/") == line(path).rstrip("/")
        if same and (one.webhook if method == "WEBHOOK" else one.method == method):
            return one
    return None


def _shown(specification: Specification, operations: list[Operation]) -> PageOperations:
    parts: list[Part] = []
    for one in operations:
        several = len(operations) > 1
        parts += operation_parts(specification, one, 2, heading=several)
    parts = [Heading(part.level, part.text) if isinstance(part, Heading) else part for part in parts]
    name = line(specification.root.child("info").value.get("title"))
    if name:
        parts.append(Block(f"Part of the API {name}."))
    facts = {**description_facts(specification), **operation_facts(operations)}
    return PageOperations(tuple(parts), facts, operations[0].node.text("summary"))
