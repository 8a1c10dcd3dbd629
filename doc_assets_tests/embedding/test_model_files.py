"""What a model's folder states is handled in full or refused by name: nothing of a model is left out in silence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from doc_assets.embedding.model_files import layout, window
from doc_assets.embedding.space import model_folder
from doc_assets.errors import EmbeddingMisconfigured
from doc_assets.settings import Settings
from doc_assets_tests.support.small_models import write_json

DEFAULT = model_folder(Settings.from_environment({}))
POOLING = {"word_embedding_dimension": 384}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The configuration of the default model, without weights."""
    for name in ("config.json", "tokenizer_config.json"):
        (tmp_path / name).symlink_to(DEFAULT / name)
    (tmp_path / "modules.json").write_text((DEFAULT / "modules.json").read_text())
    write_json(tmp_path / "sentence_bert_config.json", max_seq_length=256, do_lower_case=False)
    write_json(tmp_path / "1_Pooling" / "config.json", **POOLING, pooling_mode_mean_tokens=True)
    return tmp_path


def set_modules(model: Path, *types: str) -> None:
    paths = ["", *(f"{i}_{name.rpartition('.')[2]}" for i, name in enumerate(types[1:], 1))]
    entries = [
        {"idx": i, "name": str(i), "path": path, "type": name}
        for i, (name, path) in enumerate(zip(types, paths, strict=False))
    ]
    (model / "modules.json").write_text(json.dumps(entries))


OLD, NEW = "sentence_transformers.models.", "sentence_transformers.base.modules.dense."


@pytest.mark.parametrize(
    ("pooling", "kind", "dimensions"),
    [
        ({"pooling_mode_mean_tokens": True}, "mean", 384),
        ({}, "mean", 384),
        ({"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}, "cls", 384),
        ({"pooling_mode_lasttoken": True}, "lasttoken", 384),
        ({"pooling_mode": "lasttoken"}, "lasttoken", 384),
        ({"pooling_mode": ["cls", "mean"]}, "cls+mean", 768),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True}, "max+mean", 768),
        ({"pooling_mode_mean_sqrt_len_tokens": True}, "mean_sqrt_len_tokens", 384),
    ],
)
def test_every_pooling_of_sentence_transformers_is_described(
    model: Path, pooling: dict, kind: str, dimensions: int
) -> None:
    write_json(model / "1_Pooling" / "config.json", **POOLING, **pooling)
    found = layout(model)
    assert (found.pooling, found.dimensions, found.include_prompt) == (kind, dimensions, True)
    write_json(model / "1_Pooling" / "config.json", **POOLING, **pooling, include_prompt=False)
    assert not layout(model).include_prompt


@pytest.mark.parametrize(
    ("types", "message"),
    [
        ((OLD + "Transformer", OLD + "Pooling", OLD + "CNN"), "CNN is not supported"),
        ((OLD + "Router",), "Router is not supported"),
        ((OLD + "StaticEmbedding",), "StaticEmbedding is not supported"),
        ((OLD + "Transformer", OLD + "WeightedLayerPooling", OLD + "Pooling"), "WeightedLayerPooling is not supported"),
        ((OLD + "Transformer", OLD + "Dense", OLD + "Pooling"), "one Transformer, then one Pooling"),
        ((OLD + "Transformer", OLD + "Pooling", OLD + "Pooling"), "one Transformer, then one Pooling"),
        (("custom_st.Transformer", OLD + "Pooling"), r"custom_st\.Transformer is code of the model's own"),
        ((OLD + "Transformer", OLD + "Pooling", OLD + "Dense"), r"2_Dense has no model\.safetensors"),
        ((), "one Transformer"),
    ],
)
def test_modules_that_would_be_left_out_refuse_the_model(model: Path, types: tuple[str, ...], message: str) -> None:
    set_modules(model, *types)
    write_json(model / "2_Dense" / "config.json", out_features=128)
    with pytest.raises(EmbeddingMisconfigured, match=message):
        layout(model)


def test_layers_after_the_pooling_are_part_of_the_model(model: Path) -> None:
    plain = layout(model)
    set_modules(model, OLD + "Transformer", OLD + "Pooling", NEW + "Dense", OLD + "Normalize")
    write_json(model / "2_Dense" / "config.json", out_features=128)
    (model / "2_Dense" / "model.safetensors").write_bytes(b"weights")
    first = layout(model)
    (model / "2_Dense" / "model.safetensors").write_bytes(b"others!")
    second = layout(model)
    write_json(
        model / "2_Dense" / "config.json", out_features=128, activation_function="torch.nn.modules.linear.Identity"
    )
    third = layout(model)
    assert [plain.dimensions, first.dimensions] == [384, 128]
    assert plain.modules_sha256 == ""
    assert len({found.modules_sha256 for found in (plain, first, second, third)}) == 4


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("sentence_bert_config.json", {"do_lower_case": True}, "lower-casing outside the tokenizer"),
        ("sentence_bert_config.json", {"query_length": 32}, "query_length = 32"),
        ("sentence_bert_config.json", {"tokenizer_args": {"add_eos_token": True}}, "tokenizer_args"),
        ("sentence_bert_config.json", {"transformer_task": "fill-mask"}, "transformer_task = 'fill-mask'"),
        ("config_sentence_transformers.json", {"model_type": "SparseEncoder"}, "is a SparseEncoder"),
        ("config_sentence_transformers.json", {"similarity_fn_name": "manhattan"}, "compared by 'manhattan'"),
        ("1_Pooling/config.json", {"pooling_mode_attention": True}, "pooling pooling_mode_attention is not supported"),
        ("1_Pooling/config.json", {"pooling_mode": "attention"}, "pooling attention is not supported"),
    ],
)
def test_what_changes_tokens_or_vectors_elsewhere_refuses_the_model(
    model: Path, file: str, content: dict, message: str
) -> None:
    write_json(model / file, **content)
    with pytest.raises(EmbeddingMisconfigured, match=message):
        layout(model)


def test_the_inner_product_is_that_of_angles_only_where_the_model_normalizes(model: Path) -> None:
    write_json(model / "config_sentence_transformers.json", similarity_fn_name="dot")
    assert layout(model).pooling == "mean"
    set_modules(model, OLD + "Transformer", OLD + "Pooling")
    with pytest.raises(EmbeddingMisconfigured, match="compared by 'dot'"):
        layout(model)
    write_json(model / "config_sentence_transformers.json", similarity_fn_name="cosine")
    assert layout(model).pooling == "mean"


def test_the_window_is_the_one_that_sentence_transformers_reads(model: Path) -> None:
    assert window(model) == 256
    write_json(model / "sentence_bert_config.json", max_seq_length=600)
    with pytest.raises(EmbeddingMisconfigured, match=r"600 tokens .* 512 positions"):
        window(model)
    (model / "sentence_bert_config.json").unlink()
    assert window(model) == 512
    (model / "tokenizer_config.json").unlink()
    write_json(model / "tokenizer_config.json", model_max_length=10**30)
    assert window(model) == 512
    write_json(model / "sentence_roberta_config.json", max_seq_length=128)
    assert window(model) == 128


def test_a_window_beyond_the_positions_is_no_matter_to_rotary_models(model: Path) -> None:
    (model / "config.json").unlink()
    write_json(model / "config.json", model_type="qwen3", max_position_embeddings=512, hidden_size=384)
    write_json(model / "sentence_bert_config.json", max_seq_length=600)
    assert window(model) == 600
