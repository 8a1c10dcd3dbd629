"""The stub that reads each kind of directive; the names of each kind are in ``directive_kinds``."""

from __future__ import annotations

from docutils.parsers.rst import Directive
from docutils.parsers.rst.directives.misc import Replace, Unicode

from doc_assets.formats.directive_kinds import Kind, kind_of
from doc_assets.formats.rst.descriptions import (
    AuditEvent,
    Glossary,
    Module,
    NameList,
    Productions,
    PythonClass,
    Signature,
)
from doc_assets.formats.rst.directives import (
    Admonition,
    Container,
    DefaultRole,
    Drop,
    Formula,
    Labelled,
    ListTable,
    Literal,
    Only,
    ParsedLiteral,
    Picture,
    Role,
    TabLiteral,
)
from doc_assets.formats.rst.includes import FileTable, Include, LiteralInclude, Raw, Unknown

_STUBS: dict[Kind, type[Directive]] = {
    Kind.DROPPED: Drop,
    Kind.CONTAINER: Container,
    Kind.LABELLED: Labelled,
    Kind.ADMONITION: Admonition,
    Kind.LISTING: Literal,
    Kind.TAB_LISTING: TabLiteral,
    Kind.PRODUCTIONS: Productions,
    Kind.RAW: Raw,
    Kind.MATHS: Formula,
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
    Kind.RST: Container,
    Kind.UNKNOWN: Unknown,
}
# Directives of reStructuredText's own notation.
_OF_THE_NOTATION: dict[str, type[Directive]] = {
    "replace": Replace,
    "unicode": Unicode,
    "role": Role,
    "default-role": DefaultRole,
}
# Directives that one domain or project has.
_OF_ONE_DOMAIN: dict[str, type[Directive]] = {
    **dict.fromkeys(("module", "py:module", "currentmodule", "py:currentmodule"), Module),
    "audit-event": AuditEvent,
}


def directive_for(name: str) -> type[Directive]:
    """Return the stub that reads the directive of that name: ``Unknown`` if no other does."""
    name = name.lower()
    return _OF_THE_NOTATION.get(name) or _OF_ONE_DOMAIN.get(name) or _STUBS[kind_of(name)]
