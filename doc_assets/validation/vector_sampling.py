"""``validate --reembed``: embed a random sample of live chunks again and compare with the stored vectors.

The checksums prove that a vector is the one that was written; this proves that it is the vector of its text.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from doc_assets.document import embedding_input
from doc_assets.embedding.opening import open_embedder
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace, describe_space
from doc_assets.errors import ConfigurationError, Refused
from doc_assets.settings import Settings
from doc_assets.store.audit import validation_reads
from doc_assets.store.database.connection import Connection, Store
from doc_assets.store.history import history
from doc_assets.store.spaces import spaces

# Least cosine between a stored vector and a new one of the same text. Rounding to half precision moves each component
# by at most 2^-11 of its size, which costs a cosine 2^-23 = 1.2e-7; fp32 backends agree to 1e-6, and 500 real chunks
# gave 1.000000: the bound leaves two orders of magnitude. With all-MiniLM-L6-v2 bf16 is within 6e-5 of fp32 and two
# batch sizes within 2e-5 of each other (16 real chunks); both the stored vector and the new one may be as far off, in
# opposite directions, which gives 2.4e-4 at most, and 0.01 leaves forty times that for deeper models. int8 on two
# instruction sets is within 0.003 (1,000 chunks): the same codes, rounded to a neighbour here and there. It is within
# 0.0091 of fp32, so even unrelated errors would leave 0.982. The precision of an endpoint is not known.
# Vectors of unrelated chunks have 0.1 on average.
BOUNDS = {"fp32": 0.9999, "bf16": 0.99, "fp16": 0.999, "int8": 0.98, "remote": 0.99}

_BATCH = 256


@dataclass(frozen=True, slots=True)
class Reembedding:
    """Result of embedding a sample of chunks again.

    Attributes:
        sample: Number of chunks.
        seed: Seed that draws the same chunks again, as long as the same ones are live.
        model: Name of the model.
        precision: Precision of the model, a key of ``BOUNDS``.
        least: Smallest cosine between a stored and a new vector.
        mean: Mean of the cosines.
        bound: Smallest cosine that passes.
        below: Chunks (hex) below the bound with their cosines, the smallest first; -1 for a vector of length 0.
        seconds: Wall time.
    """

    sample: int
    seed: int
    model: str
    precision: str
    least: float
    mean: float
    bound: float
    below: tuple[tuple[str, float], ...]
    seconds: float


def reembed(
    settings: Settings,
    store: Store,
    count: int,
    types: Sequence[str] = (),
    partitions: Sequence[str] = (),
    *,
    seed: int | None = None,
    embed: Callable[[Sequence[str], Role], np.ndarray] | None = None,
) -> Reembedding:
    """Embed random live chunks again, compare, and record the result in the history.

    Args:
        settings: Settings with the model, which must be that of the live embedding space.
        store: Database with the live chunks.
        count: Size of the sample; all chunks if there are fewer.
        types: Document types to draw from; all if empty.
        partitions: Names of partitions to draw from; all if empty.
        seed: Seed of the random sample.
        embed: The model's ``Embedder.embed``, if it is open already.

    Raises:
        Refused: Nothing is live.
        ConfigurationError: It was embedded with another model than the settings name.
        EmbeddingError: The model is not available here.
    """
    started = time.perf_counter()
    seed = secrets.randbits(32) if seed is None else seed
    space = describe_space(settings)
    with store.connect("doc-assets validate --reembed") as connection:
        table = _live_space(connection, space)
        ids = validation_reads.live_chunks(connection, types, partitions)
        if not ids:
            raise Refused("nothing is live that could be embedded again: doc-assets migrate loads it")
        drawn = random.Random(seed).sample(ids, min(count, len(ids)))  # noqa: S311 - a sample, no secret
        cosines = list(_cosines(connection, table, embed or open_embedder(settings).embed, sorted(drawn)))
        values = np.array([cosine for _, cosine in cosines])
        bound = BOUNDS[space.precision]
        result = Reembedding(
            len(drawn),
            seed,
            space.name,
            space.precision,
            float(values.min(initial=1.0)),
            float(values.mean()) if values.size else 1.0,
            bound,
            tuple(sorted(((key.hex(), c) for key, c in cosines if not c >= bound), key=lambda found: found[1])),
            time.perf_counter() - started,
        )
        _record(connection, result)
    return result


def _live_space(connection: Connection, wanted: EmbeddingSpace) -> spaces.SpaceTable:
    models = spaces.live_models(connection)
    if not models:
        raise Refused("nothing is live that could be embedded again: doc-assets migrate loads it")
    table = spaces.find_space(connection, wanted.fingerprint)
    if len(models) == 1 and models[0].fingerprint == wanted.fingerprint and table is not None:
        return table
    live = models[0]
    raise ConfigurationError(
        f"the live chunks were embedded with {live.name} ({live.precision}), the settings name {wanted.name} "
        f"({wanted.precision}){_same_name(live, wanted)}: set DOC_ASSETS_EMBEDDING_MODEL={live.name}"
        + ("" if live.reading == wanted.reading else f" and DOC_ASSETS_EMBEDDING_READING={live.reading}")
        + ("" if live.precision == "remote" else f" and DOC_ASSETS_EMBEDDING_PRECISION={live.precision}")
    )


def _same_name(live: EmbeddingSpace, wanted: EmbeddingSpace) -> str:
    if (live.name, live.precision) != (wanted.name, wanted.precision):
        return ""
    if live.reading != wanted.reading:
        return f", which reads texts as {wanted.reading} and not {live.reading}"
    if live.scales_digest != wanted.scales_digest:
        return f", whose int8 scales are {live.scales_digest[:12]}… and not {wanted.scales_digest[:12]}…"
    return ", whose weights, tokenizer or prompts are others"


def _cosines(
    connection: Connection,
    table: spaces.SpaceTable,
    embed: Callable[[Sequence[str], Role], np.ndarray],
    chunk_ids: Sequence[bytes],
) -> Iterator[tuple[bytes, float]]:
    """Yield chunk id and cosine; the audit reports chunks without a vector."""
    rows = validation_reads.embedded_texts(connection, table, chunk_ids)
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        new = embed([embedding_input(breadcrumb, text) for _, breadcrumb, text, _ in batch], Role.DOCUMENT)
        stored = np.stack([np.frombuffer(raw, ">f2", offset=4).astype(np.float32) for *_, raw in batch])
        lengths = np.linalg.norm(stored, axis=1) * np.linalg.norm(new, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            cosines = np.nan_to_num(np.sum(stored * new, axis=1) / lengths, nan=-1.0)
        yield from zip((row[0] for row in batch), cosines.tolist(), strict=True)


def _record(connection: Connection, result: Reembedding) -> None:
    history.record(
        connection,
        "validate",
        "failed" if result.below else "passed",
        counts={
            "compared": "vectors",
            "chunks": result.sample,
            "below": len(result.below),
            "least_cosine": round(result.least, 6),
            "mean_cosine": round(result.mean, 6),
            "bound": result.bound,
            "seed": result.seed,
        },
        seconds=result.seconds,
        error="; ".join(f"vector of chunk {chunk}: cosine {cosine:.4f}" for chunk, cosine in result.below)[:2000]
        or None,
    )
