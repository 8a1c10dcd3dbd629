"""From bytes to ``Document``: one package or module per format, and the registry that chooses one for a file.

Each format is a pure function of a file's bytes, path, attributes and neighbours; none executes files, follows links
out of the source, or uses the database. A new format is a class registered under the entry point
``doc_assets.formats``; these names are its stable interface.
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
