"""How long the planned loads take on this machine, and the disk that they fill."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from doc_assets.document import Chunk
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.prompts import Role
from doc_assets.ingest.planning import PartitionPlan
from doc_assets.store.history.rates import LoadRates

# Loads that embedded fewer tokens say more of how long a model takes to open; and to embed fewer takes less time than
# to open it and measure. The pace of one core is then near enough.
_LEAST_TOKENS = 20_000
_PACE_OF_CORE = 1_400.0
# Measured while 11,882 files were loaded on two cores: a file's parsing; sealing and auditing a partition, and a chunk
# of it; opening what a load needs; building the vector index. Bytes of a chunk's rows with all their indexes.
_PARSE_SECONDS_OF_FILE = 0.027
_CLOSING_SECONDS, _CLOSING_SECONDS_OF_CHUNK = 1.5, 0.001
_OPENING_SECONDS = 5.0
_INDEX_SECONDS_OF_VECTOR = 0.0006
_BYTES_OF_CHUNK = 2_740
_BYTES_OF_DIMENSION = 5.6  # two for the value, the others for the graph of the vector index and free space


@dataclass(frozen=True, slots=True)
class Estimate:
    """What planned loads cost.

    Attributes:
        seconds: Time from the start of ``migrate``; None if the pace of the model is not known.
        tokens_per_second: Pace of the model that it rests on.
        rests_on: ``history`` (earlier loads of this machine), ``sample`` (some of the chunks, embedded now), ``core``
            (the usual pace of one core, for few tokens), or ``nothing``, where nothing is to embed.
        disk_bytes: Growth of the database; what changed stays until garbage collection.
    """

    seconds: float
    tokens_per_second: float | None
    rests_on: Literal["history", "sample", "core", "nothing"]
    disk_bytes: int


def estimate(
    plans: Sequence[PartitionPlan],
    rates: LoadRates,
    lanes: Mapping[str, int],
    dimensions: int,
    sample: Sequence[Chunk],
    open_model: Callable[[], Embedder],
) -> Estimate:
    """Return what the loads cost; for many tokens without a history embeds the sample, which takes some seconds.

    Args:
        plans: Plans of all partitions.
        rates: The pace of earlier loads.
        lanes: How many processes work side by side at ``parse``, ``embed`` and ``write``.
        dimensions: Length of a vector.
        sample: Chunks that are to embed.
        open_model: Opens the model.

    Raises:
        EmbeddingError: There is no history, and the model cannot be opened or fails.
    """
    loads = [plan for plan in plans if plan.result.result == "planned"]
    tokens = sum(plan.result.tokens_embedded for plan in loads)
    embedded = sum(plan.result.embedded for plan in loads)
    pace, rests_on = None, "nothing"
    if tokens and rates.tokens >= _LEAST_TOKENS:
        pace, rests_on = rates.tokens / rates.embed_seconds, "history"
    elif tokens and tokens < _LEAST_TOKENS:
        pace, rests_on = _PACE_OF_CORE, "core"
    elif sample:
        pace, rests_on = measure(sample, open_model()), "sample"
    parsing = rates.parse_seconds / rates.files if rates.files else _PARSE_SECONDS_OF_FILE
    closing = sum(_CLOSING_SECONDS + _CLOSING_SECONDS_OF_CHUNK * plan.result.chunks for plan in loads)
    busiest = max(
        tokens / pace / lanes["embed"] if pace else 0.0,
        sum(plan.files_parsed for plan in loads) * parsing / lanes["parse"],
        closing / lanes["write"],
    )
    seconds = _OPENING_SECONDS + busiest + embedded * _INDEX_SECONDS_OF_VECTOR if loads else 0.0
    disk = int(embedded * (_BYTES_OF_CHUNK + _BYTES_OF_DIMENSION * dimensions))
    return Estimate(seconds, pace, rests_on, disk)


def measure(sample: Sequence[Chunk], model: Embedder) -> float:
    """Return the tokens per second with which the model embeds the chunks."""
    ordered = sorted(sample, key=lambda chunk: (chunk.token_count, chunk.id))
    model.embed([chunk.embedding_input for chunk in ordered[-8:]], Role.DOCUMENT)  # the first call takes longer
    started = time.perf_counter()
    model.embed([chunk.embedding_input for chunk in ordered], Role.DOCUMENT)
    return sum(chunk.token_count for chunk in ordered) / max(1e-6, time.perf_counter() - started)
