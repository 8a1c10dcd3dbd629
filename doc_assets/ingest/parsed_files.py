"""What a plan has parsed, kept for the load after it: one archive for each partition in the home.

A file's result is found by the recipe, its path and the SHA-256 of its bytes, so what is stale is never found. What is
read back proves itself: archive members have checksums, and the ids of documents and chunks are computed again. An
archive that is missing or damaged costs only the time to parse. Data, not pickled objects: nothing in it can run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from doc_assets.document import Chunk
from doc_assets.document.records import FileRecord, StoredDocument

# As for the reuse of earlier snapshots: what is rejected is parsed again.
_KEPT = ("loaded", "skipped")
# Level 1 takes 4 s for the results of 11,000 files (150 MB), which take 320 s to parse.
_LEVEL = 1
# After so long without a load, sources and recipe have moved so far that most of it would be parsed again.
_UNTAKEN_SECONDS = 7 * 86_400
# What zipfile, zlib and ``_read`` raise for bytes that are not those written: the damage may be in a header, where it
# names another method (RuntimeError), in the compressed data (zlib.error), or in the text.
_DAMAGED = (OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error)
_log = logging.getLogger(__name__)


class ParsedFiles:
    """The kept results of one partition under one recipe.

    Example:
        >>> parsed = ParsedFiles(settings.home, "rust/tokio", recipe)
        >>> with parsed.collecting() as keep:
        ...     keep(record)
        >>> parsed.take(record.path, record.fingerprint, discovery.included.digest)
    """

    def __init__(self, home: Path, partition: str, recipe: str) -> None:
        """Open nothing; the first ``take`` opens the archive."""
        self._path = home / "planned" / f"{partition.replace('/', '+')}.zip"
        self._partition = partition
        self._recipe = recipe
        self._archive: zipfile.ZipFile | None = None
        self._names: frozenset[str] = frozenset()

    def __enter__(self) -> ParsedFiles:
        """Open the archive, if there is one that can be read."""
        try:
            self._archive = zipfile.ZipFile(self._path)
            self._names = frozenset(self._archive.namelist())
        except FileNotFoundError:
            pass
        except _DAMAGED as error:
            self._distrust(error)
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        if self._archive is not None:
            self._archive.close()
        self._archive, self._names = None, frozenset()

    def __bool__(self) -> bool:
        """Return whether anything can be taken."""
        return bool(self._names)

    @contextmanager
    def collecting(self) -> Iterator[Callable[[FileRecord], None]]:
        """Replace the archive by one of the records that are handed in, complete or not at all.

        Without a place to write nothing is kept: the plan goes on, and the load parses again.
        """
        unfinished = self._path.with_suffix(f".{os.getpid()}.part")
        failed: list[OSError] = []
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            archive = zipfile.ZipFile(unfinished, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        except OSError as error:
            self._not_kept(error)
            yield lambda record: None
            return

        def keep(record: FileRecord) -> None:
            if failed or record.outcome not in _KEPT or record.fingerprint is None:
                return
            try:
                archive.writestr(self._name(record.path, record.fingerprint), json.dumps(_written(record)))
            except OSError as error:
                failed.append(error)

        try:
            yield keep
            empty = not archive.namelist()
            try:
                archive.close()
            except OSError as error:
                failed.append(error)
            if failed:
                self._not_kept(failed[0])
            if failed or empty:
                self.remove()
            else:
                unfinished.replace(self._path)
        finally:
            unfinished.unlink(missing_ok=True)

    def take(
        self, path: str, fingerprint: bytes, included: Callable[[Sequence[str]], bytes] | None = None
    ) -> FileRecord | None:
        """Return the result of the file with these bytes; None if it has to be parsed.

        ``included`` gives the SHA-256 over the present content of the paths that the file includes.
        """
        name = self._name(path, fingerprint)
        if self._archive is None or name not in self._names:
            return None
        try:
            if self._archive.getinfo(name).compress_type != zipfile.ZIP_DEFLATED:
                raise zipfile.BadZipFile("a result is not compressed as it was written")
            record = _read(json.loads(self._archive.read(name)))
        except _DAMAGED as error:
            self._distrust(error)
            return None
        if record.path != path or record.fingerprint != fingerprint:
            return None
        if record.includes_sha256 is not None and (
            included is None or included(record.includes) != record.includes_sha256
        ):
            return None
        return record

    def remove(self) -> None:
        """Remove the archive: what it held is in the database, or no longer what a load would make."""
        with suppress(OSError):  # another user's, or a read-only home: it is never taken for what it is not
            self._path.unlink(missing_ok=True)

    def _name(self, path: str, fingerprint: bytes) -> str:
        parts = (self._partition, self._recipe, path)
        hashes = b"".join(hashlib.sha256(part.encode()).digest() for part in parts)
        return hashlib.sha256(hashes + fingerprint).hexdigest()

    def _not_kept(self, error: OSError) -> None:
        _log.warning("what is parsed of %s cannot be kept for the load: %s", self._partition, error)

    def _distrust(self, error: Exception) -> None:
        _log.warning("what the plan parsed of %s cannot be read and is parsed again: %s", self._partition, error)


def remove_untaken(home: Path) -> None:
    """Remove the archives, also unfinished ones of processes that died, that no load has taken within a week."""
    oldest = time.time() - _UNTAKEN_SECONDS
    for path in (home / "planned").glob("*"):
        with suppress(OSError):  # another process removes it, or another user's
            if path.stat().st_mtime < oldest:
                path.unlink()


def _written(record: FileRecord) -> dict:
    return {
        "path": record.path,
        "size": record.size,
        "fingerprint": _text(record.fingerprint),
        "outcome": record.outcome,
        "reason": record.reason,
        "includes": record.includes,
        "includes_sha256": _text(record.includes_sha256),
        "documents": [
            {
                "id": _text(document.id),
                "title": document.title,
                "format": document.format,
                "text": document.text,
                "metadata": document.metadata_json,
                "chunks": [
                    (c.breadcrumb, c.start, c.end, c.heading_path, c.anchor, c.token_count) for c in document.chunks
                ],
            }
            for document in record.documents
        ],
    }


def _read(value: dict) -> FileRecord:
    """Return the record; ValueError if a document is not the one that was written."""
    documents = []
    for given in value["documents"]:
        text = given["text"]
        chunks = tuple(
            Chunk(breadcrumb, text[start:end], start, end, tuple(headings), anchor, tokens)
            for breadcrumb, start, end, headings, anchor, tokens in given["chunks"]
        )
        document = StoredDocument.of_parts(given["title"], given["format"], text, given["metadata"], chunks)
        if document.id != _bytes(given["id"]):
            raise ValueError(f"a document of {value['path']!r} is damaged")
        documents.append(document)
    return FileRecord(
        value["path"],
        value["size"],
        _bytes(value["fingerprint"]),
        value["outcome"],
        value["reason"],
        documents=tuple(documents),
        includes=tuple(value["includes"]),
        includes_sha256=_bytes(value["includes_sha256"]),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else base64.b64decode(value, validate=True)
