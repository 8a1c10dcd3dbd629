"""Addresses of resources: ``docs://TYPE/SOURCE/PATH``, fixed with ``?snapshot=ID``, in pages with ``page=N``."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode

from doc_assets.errors import Misuse

SCHEME = "docs://"
DOCUMENT_TEMPLATE = "docs://{type}/{source}/{+path}{?snapshot,page}"
SOURCE_TEMPLATE = "docs://{type}/{source}{?snapshot}"


@dataclass(frozen=True, slots=True)
class Address:
    """What an address names: a document, or a source where ``id`` has no path.

    Attributes:
        id: ``TYPE/SOURCE/PATH`` as answers have it, or ``TYPE/SOURCE``.
        snapshot: Id of the snapshot to read it in; None for what is live.
        page: Page of the text, from 1.
    """

    id: str
    snapshot: str | None = None
    page: int = 1

    @property
    def is_source(self) -> bool:
        """True for the address of a source."""
        return self.id.count("/") == 1

    def __str__(self) -> str:
        """Return the address in full."""
        query = {"snapshot": self.snapshot, "page": None if self.page == 1 else self.page}
        stated = urlencode({name: value for name, value in query.items() if value is not None})
        return SCHEME + quote(self.id, safe="/@") + (f"?{stated}" if stated else "")

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address.

        Raises:
            Misuse: It is none.
        """
        if not text.startswith(SCHEME):
            raise Misuse(f"{text!r} is no address of a resource here: they are written {SCHEME}TYPE/SOURCE/PATH")
        place, _, query = text.removeprefix(SCHEME).partition("?")
        stated = dict(parse_qsl(query))
        id, snapshot, page = unquote(place).strip("/"), stated.pop("snapshot", None), stated.pop("page", "1")
        if "/" not in id or stated or not page.isdecimal() or int(page) < 1 or (snapshot or "0").strip("0123456789"):
            raise Misuse(f"{text!r} is no address of a resource here: they are written {DOCUMENT_TEMPLATE}")
        return cls(id, snapshot, int(page))
