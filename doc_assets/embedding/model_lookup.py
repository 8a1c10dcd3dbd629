"""Finds the model that filled a space, or that a name means, and returns settings for it.

A search opens the model of the live space here, whatever the settings name; which spaces are live is in ``store``.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.int8_scales import file_name
from doc_assets.embedding.opening import converted_weights, open_embedder
from doc_assets.embedding.prompts import NONE
from doc_assets.embedding.reading import READINGS
from doc_assets.embedding.reranker import Reranker, open_reranker
from doc_assets.embedding.space import EmbeddingSpace, describe_space
from doc_assets.errors import EmbeddingError, EmbeddingMisconfigured
from doc_assets.settings import Settings

_PRECISIONS = ("fp32", "bf16", "fp16", "int8", "remote")


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model as written on the command line: ``NAME`` or ``NAME@PRECISION``."""

    name: str
    precision: str | None = None

    @classmethod
    def parse(cls, text: str) -> ModelName:
        """Split ``text`` into its parts.

        Raises:
            EmbeddingMisconfigured: There is no such precision.
        """
        name, at, precision = text.rpartition("@")
        # A folder's name may hold an @ itself.
        if not at or Path(text).expanduser().is_dir():
            return cls(text)
        if precision not in _PRECISIONS:
            raise EmbeddingMisconfigured(
                f"{text!r}: {precision!r} is no precision; one of {', '.join(_PRECISIONS)} is needed"
            )
        return cls(name, precision)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder on this machine."""
        return Path(self.name).expanduser().is_dir()

    def settings(self, settings: Settings) -> Settings:
        """Return the settings with this model."""
        changed = replace(settings, embedding_model=self.name)
        return changed if self.precision is None else _with_precision(changed, self.precision)


class SpaceModels:
    """Opens the model of a space, once each, whatever the settings name. May be shared between threads.

    Example:
        >>> search(store, SpaceModels(Settings.from_environment()), "how do I pin a thread to a core")
    """

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet."""
        self._settings = settings
        self._opened: dict[str, Embedder] = {}
        self._reranker: Reranker | None = None
        self._opening = threading.Lock()

    def of(self, spaces: Sequence[EmbeddingSpace]) -> Embedder:
        """Return the model of the first of the spaces, or of the configured one if it is among them.

        Raises:
            EmbeddingMisconfigured: The model is not here; the message says what to set.
        """
        with self._opening:
            for space in spaces:
                if space.fingerprint in self._opened:
                    return self._opened[space.fingerprint]
            space, settings = _configured(self._settings, spaces)
            weights = converted_weights(settings, space)
            opened = open_embedder(settings, weights_sha256=weights)
            return self._opened.setdefault(space.fingerprint, opened)

    @property
    def reranks(self) -> bool:
        """Whether a reranker is configured."""
        return bool(self._settings.reranker)

    def reranker(self) -> Reranker | None:
        """Return the configured reranker, None without one.

        Raises:
            EmbeddingMisconfigured: The model cannot be loaded.
        """
        with self._opening:
            if self._reranker is None:
                self._reranker = open_reranker(self._settings)
            return self._reranker


def _configured(settings: Settings, spaces: Sequence[EmbeddingSpace]) -> tuple[EmbeddingSpace, Settings]:
    if len(spaces) > 1:
        own = _fingerprint(settings)
        for space in spaces:
            if own == space.fingerprint:
                return space, settings
    return spaces[0], settings_of(settings, spaces[0])


def settings_of(settings: Settings, space: EmbeddingSpace) -> Settings:
    """Return the settings with the model, and the precision or endpoint, prompts and dimensions, that filled a space.

    The configured model and the one of the space's name are tried. A space records only the last part of a folder's
    path, so a folder is found only if it is the configured one.

    Raises:
        EmbeddingMisconfigured: Neither is that model; the message says what to set.
    """
    names = [settings.embedding_model]
    # A name without an owner is that of a folder, which no hub has.
    if "/" in space.name:
        names.append(space.name)
    for name in names:
        named = replace(settings, embedding_model=name)
        configured = replace(named, embedding_reading=space.reading, embedding_scales=space.scales_digest)
        candidate = _with_precision(configured, space.precision)
        for tried in (named, configured, candidate, _with_prompts(candidate, space)):
            for cut in (tried, replace(tried, embedding_dimensions=space.dimensions)):
                if _fingerprint(cut, space) == space.fingerprint:
                    return cut
    raise EmbeddingMisconfigured(
        f"vectors of {space.name} ({space.precision}, {space.dimensions} dimensions, window {space.max_tokens}) are "
        f"needed, and DOC_ASSETS_EMBEDDING_MODEL={settings.embedding_model} is not that model: " + _next_step(space)
    )


def _next_step(space: EmbeddingSpace) -> str:
    if space.reading not in READINGS:
        return f"they were made by a later version, which reads texts as {space.reading!r}: use that version"
    if space.precision == "remote":
        return "set DOC_ASSETS_EMBEDDING_BACKEND=http, DOC_ASSETS_EMBEDDING_URL and the model that it serves"
    scales = ""
    if space.precision == "int8":
        scales = (
            f"; int8 also needs the scales of then (digest {space.scales_digest[:12]}…), "
            f"{file_name(space.weights_sha256)} in the folder models of DOC_ASSETS_HOME"
        )
    if "/" in space.name:
        return (
            f"make {space.name} available in this precision (the weights must be those of then, "
            f"SHA-256 {space.weights_sha256[:12]}…){scales}; or search with mode text"
        )
    return f"point it to the folder {space.name}{scales}; or search with mode text"


def _with_precision(settings: Settings, precision: str) -> Settings:
    if precision == "remote":
        return replace(settings, embedding_backend="http", embedding_precision="auto")
    backend = "auto" if settings.embedding_backend == "http" else settings.embedding_backend
    return replace(settings, embedding_backend=backend, embedding_precision=precision)


def _with_prompts(settings: Settings, space: EmbeddingSpace) -> Settings:
    """Return the settings with the space's prompts, which may be others than the model states, or none."""
    return replace(
        settings,
        embedding_document_prompt=space.document_prompt or NONE,
        embedding_query_prompt=space.query_prompt or NONE,
        embedding_prompts=space.prompts_by,
    )


def _fingerprint(settings: Settings, wanted: EmbeddingSpace | None = None) -> str | None:
    """Return None where the model cannot be described: it is not here, or not in this precision.

    What was converted of the weights of the wanted space stands for them.
    """
    try:
        weights = converted_weights(settings, wanted) if wanted else ""
        return (describe_space(settings, weights) if weights else describe_space(settings)).fingerprint
    except EmbeddingError:
        return None
