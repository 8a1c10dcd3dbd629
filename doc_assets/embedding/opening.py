"""Opens the configured tokenizer and model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from doc_assets.embedding.converted_graphs import graph_paths
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.int8_scales import Int8Scales
from doc_assets.embedding.prompts import prompts_of
from doc_assets.embedding.space import (
    EmbeddingSpace,
    choose_backend,
    computes_on_gpu,
    describe_space,
    model_folder,
    model_folders,
    reading_of,
    scales_of,
)
from doc_assets.embedding.tokenizer import Tokenizers, WindowTokenizer
from doc_assets.secrets import SecretAddress
from doc_assets.settings import Settings

# Texts per call of a model: even a slow machine reports progress and handles a stop every few seconds.
EMBED_SLICE = 128


@dataclass(frozen=True, slots=True)
class Calls:
    """How a load calls a model, so that it is never without texts.

    Attributes:
        texts: Most texts of a call.
        at_once: Calls at a time for one batch.
        batches: Batches that are embedded at a time.
    """

    texts: int = EMBED_SLICE
    at_once: int = 2  # the CPU embeds one while the texts of the other are turned into tokens and its vectors travel
    batches: int = 1


def calls_of(settings: Settings) -> Calls:
    """Return how the configured model is called."""
    if choose_backend(settings) == "http":
        # 32 requests of two batches wait for the 16 that may be under way: the next batch is asked for while the last
        # answers of the one before come.
        return Calls(at_once=4, batches=2)
    if computes_on_gpu(settings):
        # A GPU takes the texts of a batch at once, and computes faster than three threads turn texts into tokens.
        return Calls(texts=512, at_once=1, batches=4)
    return Calls()


def open_tokenizer(settings: Settings) -> WindowTokenizer:
    """Open the tokenizer that the configured model's documents are cut with; about 50 ms.

    Raises:
        EmbeddingError: The model's folder is absent or incomplete.
    """
    folder = model_folder(settings)
    return WindowTokenizer.from_folder(folder, prompts_of(settings, folder).document.text, reading_of(settings, folder))


def open_tokenizers(settings: Settings) -> Tokenizers:
    """Open the configured model's tokenizers for both roles.

    Raises:
        EmbeddingError: The model's folder is absent or incomplete.
    """
    folder = model_folder(settings)
    return Tokenizers.from_folder(folder, prompts_of(settings, folder), reading_of(settings, folder))


def open_embedder(
    settings: Settings,
    on_retry: Callable[[], None] | None = None,
    *,
    weights_sha256: str = "",
) -> Embedder:
    """Open the configured model. Keep it: opening takes from 0.5 s (OpenVINO, converted before) to 20 s.

    Args:
        settings: Model, backend, retries.
        on_retry: Called, from any thread, before each retry of an endpoint.
        weights_sha256: SHA-256 of the model's weights where it is known: they are not hashed then.

    Raises:
        EmbeddingError: The model, its backend or the configured precision is not available here.
    """
    space, tokenizers = describe_space(settings, weights_sha256), open_tokenizers(settings)
    match choose_backend(settings):
        case "openvino":
            from doc_assets.embedding.backends.openvino import OpenVinoEmbedder

            scales = scales_of(settings, space.weights_sha256) if space.precision == "int8" else None
            return OpenVinoEmbedder(
                space,
                tokenizers,
                model_folder(settings),
                model_folders(settings),
                settings.threads,
                scales,
                compiled=_compiled_models(settings),
            )
        case "torch":
            from doc_assets.embedding.backends.torch import TorchEmbedder

            return TorchEmbedder(space, tokenizers, model_folder(settings), settings.threads)
        case _:
            from doc_assets.embedding.backends.http import HttpEmbedder

            return HttpEmbedder(
                space,
                tokenizers,
                settings.embedding_url or SecretAddress(""),
                settings.embedding_api_key,
                served_name=settings.embedding_served_name,
                dimensions=settings.embedding_dimensions,
                ca_bundle=settings.ca_bundle,
                requests=settings.embedding_requests,
                attempts=settings.retry_attempts,
                longest_wait=settings.retry_longest_wait,
                longest_asked_wait=settings.retry_after,
                on_retry=on_retry,
            )


def _compiled_models(settings: Settings) -> Path | None:
    """Return the folder of compiled models; None without a home: none is made for them."""
    return settings.home / "models" / "compiled" if settings.home.is_dir() else None


def is_unconverted(settings: Settings) -> bool:
    """Return whether opening the model would convert it first, which imports torch: 450 MB that its process keeps.

    Raises:
        EmbeddingError: The model's folder is absent or incomplete.
    """
    if choose_backend(settings) != "openvino":
        return False
    return not any(path.is_file() for path in graph_paths(describe_space(settings), model_folders(settings)))


def converted_weights(settings: Settings, space: EmbeddingSpace) -> str:
    """Return the SHA-256 of a space's weights if OpenVINO's graph that was made of them is here; empty otherwise.

    The graph's folder has the fingerprint of the space, weights included, so that nothing need be hashed again.

    Raises:
        EmbeddingMisconfigured: The backend is not installed.
    """
    if space.precision == "remote" or choose_backend(settings) != "openvino":
        return ""
    here = any(path.is_file() for path in graph_paths(space, model_folders(settings)))
    return space.weights_sha256 if here else ""


def measure_scales(settings: Settings, texts: Sequence[str]) -> Int8Scales:
    """Measure the int8 scales of the configured model on texts like those that it will embed.

    300 chunks take 30 s of a core. The file of the result, not the measurement, is shared between machines: another
    machine may measure other last digits.

    Raises:
        EmbeddingError: The model cannot be converted for OpenVINO.
    """
    from doc_assets.embedding.backends.openvino import observed_scales

    in_fp32 = replace(settings, embedding_backend="openvino", embedding_precision="fp32")
    space, tokenizers, folder = describe_space(in_fp32), open_tokenizers(settings), model_folder(settings)
    return observed_scales(space, tokenizers, folder, model_folders(settings), settings.threads, texts)
