"""The vectors of a sample are compared with those that the model gives for their texts."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pgvector import HalfVector
from pgvector.psycopg import register_vector

from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import describe_space
from doc_assets.errors import ConfigurationError, Refused
from doc_assets.validation.validate import validate
from doc_assets.validation.vector_sampling import BOUNDS, reembed
from doc_assets_tests.support.loading import HashEmbedder, last_event, load


def test_the_vectors_of_a_sample_are_those_of_their_texts(store, source, loader, settings):
    load(loader, store, source)
    result = reembed(settings, store, 3, seed=5, embed=HashEmbedder(describe_space(settings)).embed)
    assert (result.sample, result.below, result.bound) == (3, (), BOUNDS[result.precision])
    # Half precision alone costs 2^-23 at most.
    assert 1 - 2**-22 < result.least <= result.mean <= 1 + 1e-6
    event = last_event(store)
    assert (event.action, event.result, event.counts["chunks"], event.counts["seed"]) == ("validate", "passed", 3, 5)


def test_a_vector_of_another_text_is_found_although_its_checksum_is_right(store, source, loader, settings):
    load(loader, store, source)
    with store.connect() as connection:
        register_vector(connection)
        rows = connection.execute("SELECT chunk_id, embedding, sha256 FROM embedding_1 ORDER BY chunk_id").fetchall()
        connection.execute(
            "UPDATE embedding_1 SET embedding = %s, sha256 = %s WHERE chunk_id = %s", (*rows[1][1:], rows[0][0])
        )
    assert validate(store).passed
    embedder = HashEmbedder(describe_space(settings))
    result = reembed(settings, store, 100, embed=embedder.embed)
    assert embedder.roles == {Role.DOCUMENT}
    assert (result.sample, [chunk for chunk, _ in result.below]) == (4, [rows[0][0].hex()])
    assert result.below[0][1] < 0.5
    assert last_event(store).result == "failed"


def test_a_vector_without_direction_is_below_any_bound(store, source, loader, settings):
    load(loader, store, source)
    with store.connect() as connection:
        register_vector(connection)
        connection.execute("UPDATE embedding_1 SET embedding = %s", (HalfVector(np.zeros(384, np.float32)),))
    result = reembed(settings, store, 2, embed=HashEmbedder(describe_space(settings)).embed)
    assert [cosine for _, cosine in result.below] == [-1, -1]


def test_the_same_seed_draws_the_same_chunks(store, source, loader, settings):
    load(loader, store, source)
    drawn = []
    for _ in range(2):
        embedder = HashEmbedder(describe_space(settings))
        reembed(settings, store, 2, seed=11, embed=embedder.embed)
        drawn.append(embedder.texts)
    assert drawn[0] == drawn[1]


def test_another_model_than_the_live_one_is_refused_with_what_to_set(store, source, loader, settings):
    with pytest.raises(Refused, match="nothing is live that could be embedded again"):
        reembed(settings, store, 1)
    load(loader, store, source)
    with store.connect() as connection:
        (description,) = connection.execute("SELECT description FROM embedding_space").fetchone() or ({},)
        connection.execute(
            "UPDATE embedding_space SET fingerprint = 'x', description = %s",
            (json.dumps({**description, "name": "other/model", "precision": "bf16"}),),
        )
    with pytest.raises(
        ConfigurationError, match="set DOC_ASSETS_EMBEDDING_MODEL=other/model and DOC_ASSETS_EMBEDDING_PRECISION=bf16"
    ):
        reembed(settings, store, 1)
