"""The state of a source, by which the nightly schedules decide whether it has changed since it was loaded.

A load writes the state into its materialization; a schedule compares it with the present one, without fetching. The
revision comes from ``doc_assets.sources.upstream_revision``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.document import canonical_json
from doc_assets.ingest.recipe import recipe_of
from doc_assets.settings import Settings
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.upstream_revision import revision_of

# Dagster ends the evaluation of a schedule after 60 s. A source without an answer by then gets its run.
BUDGET_SECONDS = 40.0
_THREADS = 8


def source_states(
    partitions: Sequence[Partition], catalogue: Catalogue, settings: Settings, budget: float = BUDGET_SECONDS
) -> dict[str, str | None]:
    """Return a hash of source, revision and recipe by partition name.

    None if the source has no cheap revision, is out of reach, or has not answered within the budget (seconds).
    """
    sources = {(partition.doc_type, partition.source.name): partition.source for partition in partitions}
    options = FetchOptions.of(settings)
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="revision")
    futures = {key: pool.submit(revision_of, source, catalogue.directory, options) for key, source in sources.items()}
    wait(futures.values(), timeout=budget)
    pool.shutdown(wait=False, cancel_futures=True)
    return {p.name: _state(p, _answer(futures[p.doc_type, p.source.name]), settings) for p in partitions}


def _answer(future: Future[str | None]) -> str | None:
    return future.result() if future.done() and not future.cancelled() else None


def _state(partition: Partition, revision: str | None, settings: Settings) -> str | None:
    if revision is None:
        return None
    source = partition.source
    # Recipe and catalogue too: a new parser, model or glob needs a load of an unchanged source.
    facts = {
        "revision": revision,
        "recipe": recipe_of(settings, source),
        "source": source.model_dump(mode="json", exclude={"weight"}),
    }
    return hashlib.sha256(canonical_json(facts).encode()).hexdigest()[:32]
