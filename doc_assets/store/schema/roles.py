"""SQL for a role that only reads and one that only loads; their privileges are in ``roles.sql``."""

from __future__ import annotations

import re
from importlib.resources import files

from psycopg import sql

from doc_assets.errors import Misuse

READER = "doc_assets_reader"
LOADER = "doc_assets_loader"
_LONGEST_NAME = 63  # bytes; PostgreSQL truncates longer names, which may make two of them equal


def roles_sql(reader: str = READER, loader: str = LOADER) -> str:
    """Return the SQL for these names, which may be run again; raises Misuse if a name is unusable or both are equal."""
    for name in (reader, loader):
        if not 0 < len(name.encode()) <= _LONGEST_NAME or "\0" in name or "\n" in name:
            raise Misuse(f"{name!r} cannot be the name of a role: give 1 to {_LONGEST_NAME} bytes on one line")
    if reader == loader:
        raise Misuse(f"reader and loader cannot both be {reader!r}: the reader may not write")
    names = {READER: reader, LOADER: loader}
    text = files("doc_assets.store.schema").joinpath("roles.sql").read_text(encoding="utf-8")
    return re.sub(f"([\"'])({READER}|{LOADER})\\1", lambda found: _quoted(names[found[2]], found[1]), text)


def _quoted(name: str, quote: str) -> str:
    return (sql.Identifier(name) if quote == '"' else sql.Literal(name)).as_string()
