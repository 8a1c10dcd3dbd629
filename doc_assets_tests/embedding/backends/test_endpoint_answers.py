"""An answer is read as what it says: errors under status 200, names that know better than the status, base64."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from doc_assets.embedding.backends.endpoint_answers import NotVectorsError, error_in, status_of, vectors_in


@pytest.mark.parametrize(
    ("payload", "status", "meant"),
    [
        ({"error": "Model is overloaded", "error_type": "Overloaded"}, 200, 429),
        ({"message": "Inference failed", "code": 424, "type": "Backend"}, 200, 424),
        ({"error": "unhealthy", "error_type": "Unhealthy"}, 200, 503),
        ({"error": {"message": "slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded"}}, 200, 429),
        ({"error": {"message": "no", "type": "requests", "code": 503}}, 200, 503),
        ({"error": {"message": "no", "code": "502"}}, 200, 502),
        ({"error": {"message": "bad key", "type": "invalid_request_error", "code": "invalid_api_key"}}, 200, 401),
        ({"error": {"message": "long", "type": "invalid_request_error", "code": "context_length_exceeded"}}, 200, 400),
        ({"error": {"message": "quota", "type": "insufficient_quota", "code": "insufficient_quota"}}, 429, 402),
        ({"error": {"message": "no model", "type": "invalid_request_error", "code": "model_not_found"}}, 400, 404),
        ({"object": "error", "message": "too long", "type": "BadRequestError", "param": None, "code": 400}, 200, 400),
        ({"error": {"message": "later", "status": "RESOURCE_EXHAUSTED", "code": 429}}, 200, 429),
        ({"error": "something"}, 200, 0),
        ({"detail": "Not authenticated"}, 200, 0),
        ({"error": "something"}, 418, 418),
        ({"error": "origin"}, 520, 520),
        ("busy", 503, 503),
    ],
)
def test_an_error_stands_for_a_status(payload: object, status: int, meant: int) -> None:
    assert status_of(status, payload) == meant


def test_an_answer_with_vectors_is_no_error() -> None:
    assert error_in([[0.5]]) is None
    assert error_in({"object": "list", "data": [], "error": None, "message": "ok"}) is None
    assert error_in({"error": {"message": "no", "code": 1}}) == "no"
    assert error_in({"error": "half", "data": [1]}) == "half"
    assert error_in({"detail": "nothing here"}) == "nothing here"


def test_vectors_are_ordered_by_index_and_read_from_numbers_or_base64() -> None:
    encoded = base64.b64encode(np.array([1.0, -2.5], "<f4").tobytes()).decode()
    data = [{"index": 1, "embedding": [3.0, 4.0]}, {"index": 0, "embedding": encoded}]
    np.testing.assert_array_equal(vectors_in({"data": data}, "openai", 2), [[1, -2.5], [3, 4]])
    np.testing.assert_array_equal(vectors_in([[1, 2]], "tei", 1), [[1, 2]])


@pytest.mark.parametrize(
    "data",
    [
        [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}],
        [{"index": 1, "embedding": [1.0]}, {"index": 2, "embedding": [1.0]}],
        [{"index": 0, "embedding": [1.0]}, {"embedding": [1.0]}],
        [{"index": 0, "embedding": [1.0]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}],
        [{"index": 0, "embedding": "no base64!"}, {"index": 1, "embedding": "no base64!"}],
        [{"index": 0, "embedding": "AAA="}, {"index": 1, "embedding": "AAA="}],
        [{"index": 0, "embedding": 1.0}, {"index": 1, "embedding": 1.0}],
        [[1.0], [2.0]],
        {"0": [1.0]},
        None,
    ],
)
def test_missing_double_and_uneven_vectors_are_refused(data: object) -> None:
    with pytest.raises(NotVectorsError):
        vectors_in({"data": data}, "openai", 2)
