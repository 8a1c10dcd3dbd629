"""Whether a source has moved since a partition was loaded from it: what the nightly schedules ask.

A load writes the state of its source into its materialization, whoever started it; a schedule compares that with the
state of now, without fetching anything. How a source is asked is in ``doc_assets.sources.upstream_revision``.
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

# Dagster gives the evaluation of a schedule 60 s. A source that has not answered by then is unknown, and gets its run.
BUDGET_SECONDS = 40.0
_SIDE_BY_SIDE = 8


def source_states(
    partitions: Sequence[Partition], catalogue: Catalogue, settings: Settings, budget: float = BUDGET_SECONDS
) -> dict[str, str | None]:
    """What each partition's load would be made from: source, revision and recipe, as one hash by partition name.

    None where the source cannot say its revision, is out of reach, or has not answered within the budget (seconds).
    """
    sources = {(partition.doc_type, partition.source.name): partition.source for partition in partitions}
    options = FetchOptions.of(settings)
    pool = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="revision")
    asked = {key: pool.submit(revision_of, source, catalogue.directory, options) for key, source in sources.items()}
    wait(asked.values(), timeout=budget)
    pool.shutdown(wait=False, cancel_futures=True)
    return {p.name: _state(p, _answer(asked[p.doc_type, p.source.name]), settings) for p in partitions}


def _answer(asked: Future[str | None]) -> str | None:
    return asked.result() if asked.done() and not asked.cancelled() else None


def _state(partition: Partition, revision: str | None, settings: Settings) -> str | None:
    if revision is None:
        return None
    source = partition.source
    # Recipe and catalogue too: a new parser, model or glob is worth a run although the source stands still.
    facts = {
        "revision": revision,
        "recipe": recipe_of(settings, source),
        "source": source.model_dump(mode="json", exclude={"weight"}),
    }
    return hashlib.sha256(canonical_json(facts).encode()).hexdigest()[:32]
