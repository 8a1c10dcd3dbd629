"""Whether a source has moved since a partition was loaded from it: what the nightly schedules ask.

A load writes the state of its source into its materialization, whoever started it; a schedule compares that with the
state of now, without fetching anything. How a source is asked is in ``doc_assets.sources.upstream_revision``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

import dagster as dg

from doc_assets.catalogue import Catalogue, Partition
from doc_assets.document import canonical_json
from doc_assets.ingest.recipe import recipe_of
from doc_assets.settings import Settings
from doc_assets.sources.fetch_options import Access
from doc_assets.sources.upstream_revision import revision_of

STATE = "source_state"
# Dagster gives the evaluation of a schedule 60 s. A source that has not answered by then is unknown, and gets its run.
BUDGET_SECONDS = 40.0
_SIDE_BY_SIDE = 8
# A rollback or a trial with a limit materializes too, and says nothing of the source.
_LOOKED_BACK = 20


def source_states(
    partitions: Sequence[Partition], catalogue: Catalogue, settings: Settings, budget: float = BUDGET_SECONDS
) -> dict[str, str | None]:
    """What each partition's load would be made from: source, revision and recipe, as one hash by partition id.

    None where the source cannot say its revision, is out of reach, or has not answered within the budget (seconds).
    """
    sources = {(partition.doc_type, partition.source.name): partition.source for partition in partitions}
    access = Access.of(settings)
    pool = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="revision")
    asked = {key: pool.submit(revision_of, source, catalogue.directory, access) for key, source in sources.items()}
    wait(asked.values(), timeout=budget)
    pool.shutdown(wait=False, cancel_futures=True)
    return {p.id: _state(p, _answer(asked[p.doc_type, p.source.name]), settings) for p in partitions}


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


def loaded_state(instance: dg.DagsterInstance, partition: Partition) -> str | None:
    """The state that the partition was last loaded from, None if no materialization says one."""
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(partition.doc_type), asset_partitions=[partition.key]),
        limit=_LOOKED_BACK,
    )
    for record in found.records:
        materialization = record.asset_materialization
        state = materialization.metadata.get(STATE) if materialization else None
        if state is not None and isinstance(state.value, str):
            return state.value
    return None
