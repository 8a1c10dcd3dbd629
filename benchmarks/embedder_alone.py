"""How long the configured embedder alone takes for what is live: every chunk once, read before the clock starts.

    python benchmarks/embedder_alone.py

The texts go to it as a load hands them on, longest first within 512 at a time. Prints one JSON object.
"""

from __future__ import annotations

import json
import time

from doc_assets.document import embedding_input
from doc_assets.embedding.opening import EMBED_SLICE, open_embedder
from doc_assets.embedding.prompts import Role
from doc_assets.settings import Settings
from doc_assets.store.schema.opening import open_store

_BATCH = 512


def main() -> None:
    """Reads, opens, embeds."""
    settings = Settings.from_environment()
    with open_store(settings) as store, store.connect("benchmark") as connection:
        rows = connection.execute(
            "SELECT k.breadcrumb, k.text, k.token_count FROM chunk k WHERE k.id IN ("
            " SELECT c.chunk_id FROM live_document l JOIN document_chunk c USING (document_id)) ORDER BY k.id"
        ).fetchall()
    batches = [sorted(rows[n : n + _BATCH], key=lambda row: -row[2]) for n in range(0, len(rows), _BATCH)]
    embedder = open_embedder(settings)
    embedder.embed(["warm"], Role.DOCUMENT)
    started, cpu = time.perf_counter(), time.process_time()
    for batch in batches:
        texts = [embedding_input(breadcrumb, text) for breadcrumb, text, _ in batch]
        for n in range(0, len(texts), EMBED_SLICE):
            embedder.embed(texts[n : n + EMBED_SLICE], Role.DOCUMENT)
    print(
        json.dumps(
            {
                "chunks": len(rows),
                "tokens": sum(row[2] for row in rows),
                "seconds": time.perf_counter() - started,
                "cpu": time.process_time() - cpu,
            }
        )
    )


if __name__ == "__main__":
    main()
