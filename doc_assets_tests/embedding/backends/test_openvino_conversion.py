"""Both local backends give sentence-transformers' own vectors for each role, of models of many kinds, or refuse."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from doc_assets.embedding.opening import open_embedder
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import describe_space
from doc_assets.errors import EmbeddingError
from doc_assets.settings import Settings
from doc_assets_tests.support.small_models import prompting, small_model, variant, write_json

# torch takes 9 s of CPU to import: not in each process that only lists the tests.
if TYPE_CHECKING:
    import torch

    from doc_assets.embedding.backends.openvino_conversion import Pooled

TEXTS = ["Cilium > IPAM\n\nCluster scope is the default mode.", "a", "", "Überlänge 中文 [SEP] --", "word " * 110]
PROMPTS = {"query": "Represent this query: ", "document": "passage | text:"}
CLS = {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}
LAST = {"pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": True, "pooling_mode_lasttoken": True}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_model(tmp_path_factory.mktemp("small"))


def settings_for(model: Path, home: Path, backend: str = "openvino") -> Settings:
    return dataclasses.replace(
        Settings.from_environment({}),
        embedding_model=str(model),
        embedding_backend=backend,
        embedding_precision="fp32",
        embedding_reading="verbatim",
        home=home,
        threads=1,
    )


def assert_agreement(model: Path, home: Path) -> None:
    """Compare both backends with ``encode_document`` and ``encode_query``."""
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(str(model), device="cpu")
    for backend in ("openvino", "torch"):
        embedder = open_embedder(settings_for(model, home, backend))
        for role, encode in ((Role.DOCUMENT, reference.encode_document), (Role.QUERY, reference.encode_query)):
            expected = np.asarray(encode(TEXTS, normalize_embeddings=True, show_progress_bar=False))
            found = embedder.embed(TEXTS, role)
            assert found.shape == expected.shape
            assert (found * expected).sum(axis=1).min() > 1 - 1e-5, (backend, role)


@pytest.mark.parametrize(
    "files",
    [
        prompting(PROMPTS, default_prompt_name="document"),
        prompting(PROMPTS) | {"1_Pooling/config.json": {"include_prompt": False}},
        prompting({"query": "Find: "}) | {"1_Pooling/config.json": CLS | {"include_prompt": False}},
    ],
    ids=["mean", "mean-without-prompt", "cls-without-prompt"],
)
def test_prompts_are_put_before_texts_by_role_and_pooled_as_the_model_says(
    model: Path, tmp_path: Path, files: Mapping[str, Mapping[str, object]]
) -> None:
    assert_agreement(variant(model, tmp_path / "model", files), tmp_path)


def test_other_poolings_and_dense_layers_are_part_of_the_vector(model: Path, tmp_path: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense

    files = prompting(PROMPTS) | {"1_Pooling/config.json": LAST}
    plain = SentenceTransformer(str(variant(model, tmp_path / "plain", files)), device="cpu")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        dense = [Dense(64, 48), Dense(48, 16, bias=False, activation_function=torch.nn.Identity())]
    made = SentenceTransformer(modules=[plain[0], plain[1], *dense, plain[2]], prompts=PROMPTS)
    made.save(str(tmp_path / "model"), create_model_card=False)
    space = describe_space(settings_for(tmp_path / "model", tmp_path))
    assert (space.pooling, space.dimensions) == ("max+lasttoken", 16)
    assert_agreement(tmp_path / "model", tmp_path)
    short = dataclasses.replace(settings_for(tmp_path / "model", tmp_path, "torch"), embedding_dimensions=8)
    expected = made.encode_document(TEXTS, truncate_dim=8, normalize_embeddings=True)
    assert (open_embedder(short).embed(TEXTS, Role.DOCUMENT) * expected).sum(axis=1).min() > 1 - 1e-5


def test_a_model_that_is_read_as_other_tokens_than_are_counted_is_refused(model: Path, tmp_path: Path) -> None:
    folder = variant(model, tmp_path / "model", {})
    described = json.loads((folder / "tokenizer.json").read_text())
    described["normalizer"]["lowercase"] = False
    (folder / "tokenizer.json").write_text(json.dumps(described))
    for backend in ("openvino", "torch"):
        with pytest.raises(EmbeddingError, match="contradict each other"):
            open_embedder(settings_for(folder, tmp_path, backend))


def test_pooling_that_the_library_does_otherwise_is_refused(model: Path, tmp_path: Path) -> None:
    folder = variant(model, tmp_path / "model", {"1_Pooling/config.json": CLS})
    (folder / "modules.json").unlink()  # then the library pools by mean
    with pytest.raises(EmbeddingError, match=r"pools by mean.*cls"):
        open_embedder(settings_for(folder, tmp_path, "torch"))


def test_a_graph_that_gives_other_vectors_is_refused(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from doc_assets.embedding.backends import openvino_conversion

    def last(self: Pooled, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(self.model(ids, mask).last_hidden_state[:, -1], dim=1)

    monkeypatch.setattr(openvino_conversion.Pooled, "forward", last)
    folder = variant(model, tmp_path / "model", {})
    with pytest.raises(EmbeddingError, match=r"not those of sentence-transformers.*DOC_ASSETS_EMBEDDING_BACKEND=torch"):
        open_embedder(settings_for(folder, tmp_path))
    assert not list(tmp_path.rglob("*.xml"))


def test_a_model_of_the_makers_own_code_is_refused_in_one_sentence(model: Path, tmp_path: Path) -> None:
    changed = {"config.json": {"model_type": "unheard_of", "auto_map": {"AutoModel": "modeling_own.OwnModel"}}}
    folder = variant(model, tmp_path / "model", changed)
    write_json(folder / "tokenizer_config.json", tokenizer_class="BertTokenizer")
    for backend in ("openvino", "torch"):
        with pytest.raises(EmbeddingError, match=r"model cannot be (converted|loaded)") as error:
            open_embedder(settings_for(folder, tmp_path, backend))
        assert "\n" not in str(error.value)
