"""From bytes to ``Document``: one package or module a format, and the registry that chooses one for a file.

Each format is a pure function of a file's bytes, its path and the files beside it. Nothing here executes what it reads,
follows a link out of the source, or knows the database. A new format is a class registered under the entry point
``doc_assets.formats``; these names are what it needs, and they stay where they are.
"""

from doc_assets.formats.base import NO_NEIGHBOURS, Format, Neighbours, RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.registry import detect, format_names, format_versions, get_format, parse

__all__ = [
    "NO_NEIGHBOURS",
    "Format",
    "Neighbours",
    "RawFile",
    "decode",
    "detect",
    "format_names",
    "format_versions",
    "get_format",
    "parse",
]
