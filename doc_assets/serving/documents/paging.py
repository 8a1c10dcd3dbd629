"""Cuts the text of a document into pages of so many tokens, at borders of chunks; equal texts give equal pages."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from doc_assets.errors import NotFound
from doc_assets.serving.token_counts import TokenCounter
from doc_assets.store.browse.documents import DocumentFacts, Span, spans_of, text_of
from doc_assets.store.database.connection import Connection


@dataclass(frozen=True, slots=True)
class TextPage:
    """A page of a document's text.

    Attributes:
        number: From 1; ``count`` is how many pages there are.
        start: Place of its text in that of the document, in characters.
    """

    text: str
    number: int
    count: int
    start: int


def page_of(
    connection: Connection,
    document: DocumentFacts,
    page: int,
    max_tokens: int,
    tokens: TokenCounter,
    at: int | None = None,
) -> TextPage:
    """Return a page of a document: that of a number, or the one that holds the character ``at``.

    Raises:
        NotFound: It has fewer pages.
    """
    text = text_of(connection, document.document_id)
    pages = pages_of(
        text, list(spans_of(connection, [document.document_id])[document.document_id].values()), max_tokens, tokens
    )
    if at is not None:
        page = max(1, bisect.bisect_right([start for start, _ in pages], at))
    if not 1 <= page <= len(pages):
        raise NotFound(f"the document has {len(pages)} pages of up to {max_tokens} tokens: there is no page {page}")
    start, text = pages[page - 1]
    return TextPage(text, page, len(pages), start)


def pages_of(text: str, spans: Sequence[Span], max_tokens: int, tokens: TokenCounter) -> list[tuple[int, str]]:
    """Return the pages of a text, each but the last as full as whole chunks allow; a longer chunk is a page of its own.

    A heading stands with what it heads. The pages joined by blank lines are the text; before each is its place in it.
    """
    # A piece begins where the chunk before it ends, and so holds the headings between both.
    borders = [0, *(span.end for span in spans[:-1]), len(text)]
    pages: list[tuple[int, int]] = []
    first, held = 0, 0
    for start, end in itertools.pairwise(borders):
        cost = tokens.count(text[start:end])
        if start > first and held + cost > max_tokens:
            pages.append((first, start))
            first, held = start, 0
        held += cost
    return [_trimmed(text, start, end) for start, end in (*pages, (first, len(text)))]


def _trimmed(text: str, start: int, end: int) -> tuple[int, str]:
    page = text[start:end]
    return start + len(page) - len(page.lstrip("\n")), page.strip("\n")
