"""Cuts the text of a document into pages of so many tokens, at borders of chunks; equal texts give equal pages."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from doc_assets.errors import NotFound
from doc_assets.serving.token_counts import TokenCounter
from doc_assets.store.browse.documents import DocumentFacts, Span, spans_of, stretches_of
from doc_assets.store.database.connection import Connection


def page_of(
    connection: Connection, document: DocumentFacts, page: int, max_tokens: int, tokens: TokenCounter
) -> tuple[str, int]:
    """Return the text of a page, and how many there are.

    Raises:
        NotFound: It has fewer pages.
    """
    (text,) = stretches_of(connection, [(document.document_id, 0, document.characters)])
    pages = pages_of(text, spans_of(connection, [document.document_id])[document.document_id], max_tokens, tokens)
    if not 1 <= page <= len(pages):
        raise NotFound(f"the document has {len(pages)} pages of up to {max_tokens} tokens: there is no page {page}")
    return pages[page - 1], len(pages)


def pages_of(text: str, spans: Sequence[Span], max_tokens: int, tokens: TokenCounter) -> list[str]:
    """Return the pages of a text, each but the last as full as whole chunks allow; a longer chunk is a page of its own.

    A heading stands with what it heads. The pages joined by blank lines are the text.
    """
    # A piece begins where the chunk before it ends, and so holds the headings between both.
    borders = [0, *(span.end for span in spans[:-1]), len(text)]
    pages: list[str] = []
    page, held = "", 0
    for start, end in itertools.pairwise(borders):
        piece = text[start:end]
        cost = tokens.count(piece)
        if page and held + cost > max_tokens:
            pages.append(page)
            page, held = "", 0
        page += piece
        held += cost
    return [one.strip("\n") for one in (*pages, page)]
