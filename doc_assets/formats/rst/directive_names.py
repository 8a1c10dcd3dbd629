"""The stub that reads each kind of directive; the names of each kind are in ``directive_kinds``."""

from __future__ import annotations

from docutils.parsers.rst import Directive
from docutils.parsers.rst.directives.misc import Replace, Unicode

from doc_assets.formats.directive_kinds import Kind, kind_of
from doc_assets.formats.rst.directives import (
    Admonition,
    Container,
    Drop,
    Glossary,
    Labelled,
    ListTable,
    Literal,
    NameList,
    Only,
    ParsedLiteral,
    Picture,
    PythonClass,
    Signature,
    Unknown,
)
from doc_assets.formats.rst.includes import FileTable, Include, LiteralInclude

_STUBS: dict[Kind, type[Directive]] = {
    Kind.DROPPED: Drop,
    Kind.CONTAINER: Container,
    Kind.LABELLED: Labelled,
    Kind.ADMONITION: Admonition,
    Kind.LISTING: Literal,
    Kind.MATHS: Literal,
    Kind.PARSED_LISTING: ParsedLiteral,
    Kind.SIGNATURE: Signature,
    Kind.CLASS: PythonClass,
    Kind.NAMES: NameList,
    Kind.GLOSSARY: Glossary,
    Kind.CONDITION: Only,
    Kind.LIST_TABLE: ListTable,
    Kind.CSV_TABLE: FileTable,
    Kind.PICTURE: Picture,
    Kind.INCLUDE: Include,
    Kind.LISTING_OF_FILE: LiteralInclude,
    Kind.RAW: Drop,
    Kind.RST: Container,
    Kind.UNKNOWN: Unknown,
}
_SUBSTITUTIONS: dict[str, type[Directive]] = {"replace": Replace, "unicode": Unicode}


def directive_for(name: str) -> type[Directive]:
    """Return the stub that reads the directive of that name: ``Unknown`` if no other does."""
    return _SUBSTITUTIONS.get(name.lower()) or _STUBS[kind_of(name)]
