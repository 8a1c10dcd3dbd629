"""What the folder of a sentence-transformers model states: window, modules, pooling; refuses what would be left out.

Prompts are in ``prompts``; the space that follows from all of it in ``space``.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doc_assets.document import canonical_json
from doc_assets.errors import EmbeddingMisconfigured

CONFIGURATION = "config_sentence_transformers.json"
# Below this, a breadcrumb leaves no space for a chunk's text.
SMALLEST_WINDOW = 32

# In the order in which sentence-transformers looks for them; the newer ones name the architecture no more.
_TRANSFORMER_CONFIGURATIONS = tuple(
    f"sentence_{name}_config.json"
    for name in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
# Keys of such a file without effect at these values. Any other value may change the text, its tokens or the output.
_HARMLESS: Mapping[str, Sequence[object]] = {
    "transformer_task": ("feature-extraction",),
    "modality_config": ({"text": {"method": "forward", "method_output_name": "last_hidden_state"}},),
    "module_output_name": ("token_embeddings",),
    "unpad_inputs": (False, True),
}
# Architectures with a learnt vector for each position: they cannot read a token beyond the last one.
_ABSOLUTE_POSITIONS = ("albert", "bert", "camembert", "distilbert", "electra", "mpnet", "roberta", "xlm-roberta")
# Modules after the pooling that map one vector to one vector.
_FURTHER = ("Dense", "LayerNorm")
_MODULES = ("Transformer", "Pooling", *_FURTHER, "Normalize")
_LEGACY_MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True, slots=True)
class Module:
    """An entry of ``modules.json``: the last part of its type, and its folder."""

    kind: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Layout:
    """How a model's modules make a vector of its token vectors.

    Attributes:
        pooling: ``mean``, ``cls``, ``lasttoken`` …; several are joined by a plus sign, as their vectors are.
        include_prompt: Tokens of the prompt are pooled, too.
        dimensions: Length of a vector.
        modules_sha256: SHA-256 (hex) of the modules after the pooling; empty if none of them has weights.
    """

    pooling: str
    include_prompt: bool
    dimensions: int
    modules_sha256: str


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object of the model's folder; empty where the file is absent.

    Raises:
        EmbeddingMisconfigured: The file is not a JSON object.
    """
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_bytes())
    except ValueError as error:
        raise EmbeddingMisconfigured(f"{path} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise EmbeddingMisconfigured(f"{path} holds no JSON object: this is not a sentence-transformers model")
    return value


def window(folder: Path) -> int:
    """Return the tokens that the model in this folder reads, special tokens included (256 for all-MiniLM-L6-v2).

    Raises:
        EmbeddingMisconfigured: The folder does not state it, or more than the model has positions for.
    """
    config = read_json(folder / "config.json")
    positions = config.get("max_position_embeddings")
    stated = _transformer_configuration(folder).get("max_seq_length")
    if not stated:
        # transformers writes 10^30 for "no limit", and sentence-transformers caps it at the model's positions.
        limits = [read_json(folder / "tokenizer_config.json").get("model_max_length"), positions]
        stated = min((limit for limit in limits if isinstance(limit, int) and limit > 0), default=None)
    if not isinstance(stated, int) or not SMALLEST_WINDOW <= stated <= 1_000_000:
        raise EmbeddingMisconfigured(
            f"{folder}: no usable window (max_seq_length of sentence_bert_config.json): {stated!r}; "
            f"at least {SMALLEST_WINDOW} tokens are needed"
        )
    if isinstance(positions, int) and positions < stated and config.get("model_type") in _ABSOLUTE_POSITIONS:
        raise EmbeddingMisconfigured(
            f"{folder}: a window of {stated} tokens is stated, and config.json has {positions} positions "
            "(max_position_embeddings): set max_seq_length in sentence_bert_config.json"
        )
    return stated


def layout(folder: Path) -> Layout:
    """Return how the model in this folder makes a vector.

    Raises:
        EmbeddingMisconfigured: A part of the model would be left out, or its vectors are not compared by their angle.
    """
    modules = _modules(folder)
    for key, value in _transformer_configuration(folder).items():
        if key not in ("max_seq_length",) and value and value not in _HARMLESS.get(key, ()):
            what = "lower-casing outside the tokenizer" if key == "do_lower_case" else f"{key} = {value!r}"
            raise EmbeddingMisconfigured(f"{folder}: {what} (sentence_bert_config.json) is not supported")
    pooling, include_prompt, dimensions = _pooling(folder, modules)
    further, unit_length = modules[2:], modules[-1].kind == "Normalize"
    _refuse_other_use(folder, unit_length)
    for module in further:
        if module.kind == "Dense":
            dimensions = read_json(module.folder / "config.json").get("out_features")
    weighted = any(module.kind in _FURTHER for module in further)
    if not isinstance(dimensions, int) or dimensions < 1:
        raise EmbeddingMisconfigured(
            f"{folder}: neither the modules nor config.json state the vectors' dimensions ({dimensions!r})"
        )
    return Layout(pooling, include_prompt, dimensions, _digest(further) if weighted else "")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hex, cached until it is written again: 90 MB take 0.1 s."""
    return _file_sha256(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _file_sha256(path: Path, _modified_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _transformer_configuration(folder: Path) -> dict[str, Any]:
    found = (read_json(folder / name) for name in _TRANSFORMER_CONFIGURATIONS)
    return next((configuration for configuration in found if configuration), {})


def _modules(folder: Path) -> list[Module]:
    listing = folder / "modules.json"
    if not listing.is_file():
        # sentence-transformers then pools the plain transformer by mean.
        return [Module("Transformer", folder), Module("Pooling", folder / "1_Pooling")]
    try:
        entries = [(str(entry["type"]), folder / str(entry["path"])) for entry in json.loads(listing.read_bytes())]
    except (ValueError, TypeError, KeyError) as error:
        raise EmbeddingMisconfigured(f"{listing} is not a list of modules: {error}") from error
    for name, _ in entries:
        if not name.startswith("sentence_transformers."):
            raise EmbeddingMisconfigured(f"{folder}: module {name} is code of the model's own, which is never run")
        if name.rpartition(".")[2] not in _MODULES:
            raise EmbeddingMisconfigured(f"{folder}: module {name} is not supported, only {', '.join(_MODULES)}")
    modules = [Module(name.rpartition(".")[2], place) for name, place in entries]
    kinds = [module.kind for module in modules]
    if kinds[:2] != ["Transformer", "Pooling"] or len({*kinds} & {"Transformer", "Pooling"}) != len(
        [kind for kind in kinds if kind in ("Transformer", "Pooling")]
    ):
        raise EmbeddingMisconfigured(
            f"{folder}: modules {', '.join(kinds) or 'none'}: one Transformer, then one Pooling must come first"
        )
    return modules


def _pooling(folder: Path, modules: Sequence[Module]) -> tuple[str, bool, Any]:
    """Return the kinds of pooling, whether the prompt is pooled, and the dimensions, None if they are not stated."""
    place = next(module.folder for module in modules if module.kind == "Pooling")
    config = read_json(place / "config.json")
    hidden = (
        config.get("word_embedding_dimension")
        or config.get("embedding_dimension")
        or read_json(folder / "config.json").get("hidden_size")
    )
    stated = config.get("pooling_mode")
    modes = [stated] if isinstance(stated, str) else list(stated or ())
    modes = modes or [mode for key, mode in _LEGACY_MODES.items() if config.get(key) is True]
    # sentence-transformers pools by mean by default.
    modes = modes or ["mean"]
    unknown = [key for key, on in config.items() if key.startswith("pooling_mode_") and on and key not in _LEGACY_MODES]
    if unknown := unknown or [mode for mode in modes if mode not in _LEGACY_MODES.values()]:
        raise EmbeddingMisconfigured(f"{folder}: pooling {unknown[0]} is not supported")
    return "+".join(modes), config.get("include_prompt") is not False, hidden and hidden * len(modes)


def _refuse_other_use(folder: Path, unit_length: bool) -> None:
    """Refuse a model of another kind, or one whose vectors are not meant to be compared by their angle."""
    configuration = read_json(folder / CONFIGURATION)
    kind = configuration.get("model_type") or "SentenceTransformer"
    if kind != "SentenceTransformer":
        raise EmbeddingMisconfigured(f"{folder} is a {kind}, which gives no single vector for a text")
    name = configuration.get("similarity_fn_name")
    alike = ("cosine", "dot", "dot_score", "euclidean") if unit_length else ("cosine",)
    if name is not None and name not in alike:
        raise EmbeddingMisconfigured(
            f"{folder}: its vectors are compared by {name!r} (similarity_fn_name) and have lengths that matter; only "
            "models for cosine similarity are supported"
        )


def _digest(modules: Sequence[Module]) -> str:
    parts: list[str] = []
    for module in modules:
        parts += [module.kind, canonical_json(read_json(module.folder / "config.json"))]
        if module.kind not in _FURTHER:
            continue
        weights = module.folder / "model.safetensors"
        if not weights.is_file():
            raise EmbeddingMisconfigured(f"{module.folder} has no model.safetensors: {module.kind} has no weights here")
        parts.append(file_sha256(weights))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
