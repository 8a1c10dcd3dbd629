"""The copies of a site's pages between fetches, with what the server needs to confirm them, and the round under way.

A copy is written before its note, and a note names its copy's digest: a kill between leaves no copy under a wrong mark.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

from doc_assets.sources.cache import cache_key
from doc_assets.sources.llms_txt.asking import Answer

# A round that was broken off goes on where it ended; one that is older begins anew.
_RESUMED_SECONDS = 6 * 3600
# The partitions of a sharded source fetch it one after another: they share a round that ended just now.
_SHARED_SECONDS = 600


@dataclass(frozen=True, slots=True)
class KeptPage:
    """The copy of a page.

    Attributes:
        digest: SHA-256 of its bytes in hexadecimal.
        size: Bytes.
        kind: Media type that it was sent as.
        etag: Mark of the server; "" without one.
        modified: Date of the server; "" without one.
        asked: Time of the last answer, in seconds since 1970.
    """

    digest: str
    size: int
    kind: str
    etag: str
    modified: str
    asked: float


class KeptPages:
    """The folder of the copies, by address; each is written by one thread."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, which is made."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, address: str) -> KeptPage | None:
        """Return the note of a page's copy; None without a whole one."""
        try:
            note = KeptPage(**json.loads(self._note(address).read_text()))
            data = self._copy(address).read_bytes()
        except (OSError, ValueError, TypeError):
            return None
        return note if hashlib.sha256(data).hexdigest() == note.digest else None

    def read(self, address: str) -> bytes:
        """Return the bytes of a page's copy."""
        return self._copy(address).read_bytes()

    def keep(self, address: str, answer: Answer, body: bytes) -> KeptPage:
        """Write a page and its note."""
        digest = hashlib.sha256(body).hexdigest()
        page = KeptPage(digest, len(body), answer.kind, answer.etag, answer.modified, time.time())
        _write(self._copy(address), body)
        _write(self._note(address), json.dumps(asdict(page)).encode())
        return page

    def confirm(self, address: str, page: KeptPage) -> KeptPage:
        """Note that the server confirmed the copy."""
        confirmed = KeptPage(page.digest, page.size, page.kind, page.etag, page.modified, time.time())
        _write(self._note(address), json.dumps(asdict(confirmed)).encode())
        return confirmed

    def drop_all_but(self, addresses: Collection[str]) -> None:
        """Remove the copies of pages that the index lists no more, and what a killed process left."""
        names = {_name(address) for address in addresses}
        for file in self._folder.iterdir():
            if file.name != "round.json" and (file.stem not in names or file.suffix == ".new"):
                file.unlink(missing_ok=True)

    def begin_round(self, index: str, *, shared: bool) -> float:
        """Return the time from which on an answer counts as one of this round: now, or the start of an earlier one.

        A round of the same index is gone on with if it was broken off, and shared for some minutes if ``shared``.

        Args:
            index: Digest of the index.
            shared: Several partitions fetch this source.
        """
        now = time.time()
        try:
            before = json.loads((self._folder / "round.json").read_text())
            started, ended = float(before["started"]), before.get("ended")
            age = now - (started if ended is None else float(ended))
            longest = _RESUMED_SECONDS if ended is None else _SHARED_SECONDS if shared else 0
            if before["index"] == index and 0 <= age < longest:
                return started
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            pass  # none, or none of ours
        self._write_round({"index": index, "started": now})
        return now

    def end_round(self, index: str, started: float) -> None:
        """Note that every page of the index was asked for."""
        self._write_round({"index": index, "started": started, "ended": time.time()})

    def _write_round(self, facts: dict) -> None:
        _write(self._folder / "round.json", json.dumps(facts).encode())

    def _copy(self, address: str) -> Path:
        return self._folder / f"{_name(address)}.page"

    def _note(self, address: str) -> Path:
        return self._folder / f"{_name(address)}.json"


def _name(address: str) -> str:
    return cache_key("page", address)


def _write(file: Path, data: bytes) -> None:
    new = file.with_name(f"{file.name}.new")
    new.write_bytes(data)
    new.replace(file)
