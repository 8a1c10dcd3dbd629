"""How long the configured embedder alone takes for what is live: every chunk once, read before the clock starts.

    python -m benchmarks.embedder_alone

The texts go to it as a load hands them on, longest first within 512 at a time. Prints one JSON object. Reads the
database that ``DOC_ASSETS_DATABASE_URL`` names; for checkouts of any age, whose packages were named otherwise before.
"""

from __future__ import annotations

import json
import os
import time
from functools import partial

import psycopg

from doc_assets.settings import Settings

try:
    from doc_assets.embedding.opening import open_embedder
    from doc_assets.embedding.prompts import Role

    roles = (Role.DOCUMENT,)
except ImportError:
    from doc_assets.embedding import open_embedder  # pyrefly: ignore[missing-module-attribute] - of older checkouts

    roles = ()

_BATCH, _SLICE = 512, 128


def main() -> None:
    """Reads, opens, embeds."""
    with psycopg.connect(os.environ["DOC_ASSETS_DATABASE_URL"]) as connection:
        rows = connection.execute(
            "SELECT k.breadcrumb || E'\\n\\n' || k.text, k.token_count FROM doc_assets.chunk k WHERE k.id IN ("
            " SELECT c.chunk_id FROM doc_assets.live_document l JOIN doc_assets.document_chunk c USING (document_id))"
            " ORDER BY k.id"
        ).fetchall()
    batches = [sorted(rows[n : n + _BATCH], key=lambda row: -row[1]) for n in range(0, len(rows), _BATCH)]
    embedder = open_embedder(Settings.from_environment())
    embed = partial(embedder.embed, **dict(zip(("role",), roles, strict=False)))
    embed(["warm"])
    started, cpu = time.perf_counter(), time.process_time()
    for batch in batches:
        texts = [text for text, _ in batch]
        for n in range(0, len(texts), _SLICE):
            embed(texts[n : n + _SLICE])
    used = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    print(json.dumps({"chunks": len(rows), "tokens": sum(row[1] for row in rows), **used}))


if __name__ == "__main__":
    main()
