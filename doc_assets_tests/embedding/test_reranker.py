"""A cross-encoder from a folder scores texts; what is none, or gives no one score, is refused by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from doc_assets.embedding.reranker import open_reranker
from doc_assets.errors import EmbeddingMisconfigured
from doc_assets.settings import Settings
from doc_assets_tests.support.small_models import small_reranker

SETTINGS = Settings.from_environment({})


def test_without_the_setting_there_is_no_reranker() -> None:
    assert open_reranker(SETTINGS) is None
    assert Settings.from_environment({"DOC_ASSETS_RERANKER": "folder"}).reranker == "folder"


def test_a_cross_encoder_scores_each_text_the_same_way_every_time_however_long(tmp_path: Path) -> None:
    reranker = open_reranker(replace(SETTINGS, reranker=str(small_reranker(tmp_path / "model"))))
    assert reranker is not None
    texts = ["a thread waits", "the car turns", "word " * 1000]
    scores = reranker.scores("how do threads wait", texts)
    assert scores.shape == (3,) and len(set(scores.tolist())) == 3
    np.testing.assert_allclose(reranker.scores("how do threads wait", texts[::-1])[::-1], scores, atol=1e-5)
    assert reranker.scores("anything", []).shape == (0,)


def test_a_folder_without_a_model_and_a_model_of_several_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingMisconfigured, match=r"DOC_ASSETS_RERANKER=.*absent cannot be loaded"):
        open_reranker(replace(SETTINGS, reranker=str(tmp_path / "absent")))
    classes = small_reranker(tmp_path / "classes", labels=3)
    with pytest.raises(EmbeddingMisconfigured, match="gives 3 numbers for each text"):
        open_reranker(replace(SETTINGS, reranker=str(classes)))
