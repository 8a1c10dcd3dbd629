"""Writes a catalogue for a folder of documents that is laid out ``<doc_type>/<source>/…``."""

from __future__ import annotations

import math
import os
import re
import unicodedata
from pathlib import Path
from typing import Any

import yaml

from doc_assets.catalogue.inference import attributes_of, products_below
from doc_assets.errors import CatalogueError

# A source above the first size is cut into shards of at most the second. Runs of 4 to 6 MB keep several workers busy to
# the end, while the fixed cost of a run (seconds) stays small beside its load.
_SHARD_ABOVE = 8_000_000
_SHARD_SIZE = 6_000_000


def initial_catalogue(directory: Path, output: Path | None) -> str:
    """Return YAML of a catalogue with one source for each folder ``<doc_type>/<source>`` below ``directory``.

    The same folder gives the same text. Attributes are guessed from the folders' names. The sources' names become lower
    case, and characters that are not allowed in them ``-`` (``_`` in a type's name); the location keeps the real name.
    Locations are relative to the folder of ``output``, absolute without it.

    Raises:
        CatalogueError: The folder is absent, unreadable, or laid out otherwise.
    """
    root = Path(directory).expanduser().absolute()
    base = Path(output).absolute().parent if output else None
    left_out: list[str] = []
    types: dict[str, Any] = {}
    for type_folder in _folders(root, root, left_out):
        doc_type = _free_name(_slug(type_folder.name, "_", "type"), "_", 1, set(types))
        taken: set[str] = set()
        sources = [_source(doc_type, folder, base, taken) for folder in _folders(type_folder, root, left_out)]
        if sources:
            types[doc_type] = {"description": _description([one["name"] for one in sources]), "sources": sources}
    if not types:
        raise CatalogueError(
            f"{root} is not laid out <doc_type>/<source>/…: it has no folder that holds folders. "
            f"Put the documents into, for example, {root / 'rust' / 'my-crate'}"
        )
    header = [f"# Documents of {root.name}, one source for each folder <doc_type>/<source>."]
    header += [f"# Not covered, since it is not in such a folder: {path}" for path in sorted(left_out)]
    body = yaml.safe_dump({"types": types}, sort_keys=False, allow_unicode=True, width=1000)
    return "\n".join(header) + "\n" + body


def _description(names: list[str], shown: int = 4) -> str:
    """Return what a type without a description of its own holds: its first sources."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return f"Documentation of {', '.join(names[:shown])}{more}"


def _folders(parent: Path, root: Path, left_out: list[str]) -> list[Path]:
    """Return the real, visible folders in ``parent``, sorted; add its other entries to ``left_out``."""
    try:
        with os.scandir(parent) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise CatalogueError(
            f"the folder {parent} cannot be listed ({error.strerror}): let this user read it"
        ) from None
    found = []
    for entry in listed:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False) and _is_utf8(entry.name):
            found.append(Path(entry.path))
        else:
            shown = os.fsencode(os.path.relpath(entry.path, root)).decode("utf-8", "backslashreplace")
            left_out.append(repr(shown)[1:-1])
    return found


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _source(doc_type: str, folder: Path, base: Path | None, taken: set[str]) -> dict[str, Any]:
    files, size, folders = _measure(folder)
    shards = min(files, math.ceil(size / _SHARD_SIZE), 1000) if size > _SHARD_ABOVE else 1
    name = _free_name(_slug(folder.name, "-", "source"), "-", shards, taken)
    location = os.path.relpath(folder, base) if base else str(folder)
    source: dict[str, Any] = {"name": name, "kind": "directory", "location": location, "weight": size}
    guessed = {
        "shards": shards if shards > 1 else None,
        "attributes": attributes_of(doc_type, folder.name),
        "folder_attributes": products_below(folders),
    }
    return source | {key: value for key, value in guessed.items() if value}


def _measure(folder: Path) -> tuple[int, int, list[str]]:
    """Return number and bytes of the regular files below, and the folders; unreadable ones are empty."""
    files = size = 0
    folders: list[str] = []
    for parent, _, names in os.walk(folder):
        if parent != str(folder) and _is_utf8(parent):
            folders.append(Path(parent).relative_to(folder).as_posix())
        for name in names:
            path = Path(parent, name)
            if path.is_file() and not path.is_symlink():
                files += 1
                size += path.lstat().st_size
    return files, size, folders


def _slug(name: str, separator: str, fallback: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    if separator == "_":
        slug = re.sub(r"[^a-z0-9_]+", "_", ascii_name)
        slug = slug if re.match("[a-z]", slug) else f"{fallback}_{slug.lstrip('_')}"
    else:
        slug = re.sub(r"\.{2,}", ".", re.sub(r"[^a-z0-9_.-]+", "-", ascii_name)).lstrip("_.-")
    return slug.rstrip("_-")[:90] or fallback


def _free_name(name: str, separator: str, shards: int, taken: set[str]) -> str:
    """Take and return the name, or the next numbered one, whose partition keys are all free."""
    free, i = name, 1
    while (keys := {free, *(f"{free}.{n}" for n in range(1, shards + 1) if shards > 1)}) & taken:
        i += 1
        free = f"{name}{separator}{i}"
    taken |= keys
    return free
