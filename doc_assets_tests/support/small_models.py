"""Small models for tests: the packaged one's tokenizer with a random transformer of two layers, and other files.

Real models differ in their configuration; that is what these vary. Weights are the same in every process.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from doc_assets.embedding.space import model_folder
from doc_assets.settings import Settings

DIMENSIONS = 32
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


def small_model(folder: Path) -> Path:
    """Write a BERT of two layers with mean pooling and a window of 128 tokens into ``folder``."""
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        hidden_size=DIMENSIONS,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        initializer_range=0.3,  # large enough that every token moves the vector
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    default = model_folder(Settings.from_environment({}))
    for name in _TOKENIZER_FILES:
        shutil.copyfile(default / name, folder / name)
    shutil.copyfile(default / "modules.json", folder / "modules.json")
    write_json(folder / "sentence_bert_config.json", max_seq_length=128, do_lower_case=False)
    write_json(folder / "1_Pooling" / "config.json", word_embedding_dimension=DIMENSIONS, pooling_mode_mean_tokens=True)
    write_json(folder / "config_sentence_transformers.json")
    return folder


def small_reranker(folder: Path, labels: int = 1) -> Path:
    """Write a cross-encoder of one layer into ``folder``, whose scores say nothing but are the same every time."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        hidden_size=DIMENSIONS,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
        initializer_range=0.3,
    )
    config.num_labels = labels
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertForSequenceClassification(config).save_pretrained(folder)
    default = model_folder(Settings.from_environment({}))
    for name in _TOKENIZER_FILES:
        shutil.copyfile(default / name, folder / name)
    return folder


def write_json(path: Path, **content: object) -> None:
    """Write an object, over what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def variant(model: Path, folder: Path, files: Mapping[str, Mapping[str, object]]) -> Path:
    """Copy a model; change keys of its JSON files by their path."""
    shutil.copytree(model, folder)
    for name, changes in files.items():
        path = folder / name
        before = json.loads(path.read_text()) if path.is_file() else {}
        write_json(path, **{**before, **changes})
    return folder


def prompting(prompts: Mapping[str, str], **more: object) -> dict[str, Mapping[str, object]]:
    """Return the file of a model with these prompts, for ``variant``."""
    return {"config_sentence_transformers.json": {"prompts": dict(prompts), **more}}
