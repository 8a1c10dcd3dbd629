"""The two sides of an embedder check: what each is, and its vectors of a sample. One model is open at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from doc_assets.document import embedding_input
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.model_lookup import ModelName
from doc_assets.embedding.opening import EMBED_SLICE, open_embedder
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace, choose_backend, describe_space
from doc_assets.runtime import shutdown
from doc_assets.runtime.progress import Progress
from doc_assets.search.evaluation import Question
from doc_assets.settings import Settings
from doc_assets.store.search.meaning import first_tokens

OnProgress = Callable[[Progress], None]
OnStep = Callable[[str], None]


class Text(Protocol):
    """A chunk of a sample."""

    @property
    def breadcrumb(self) -> str: ...  # noqa: D102 - as in ``Chunk``
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def token_count(self) -> int: ...  # noqa: D102


class PlacedText(Text, Protocol):
    """A chunk of a folder, with type, source and path of its file."""

    @property
    def place(self) -> tuple[str, str, str]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Contender:
    """A model as it is set up for one side, before it is opened."""

    settings: Settings
    space: EmbeddingSpace
    backend: str

    @classmethod
    def of(cls, settings: Settings) -> Contender:
        """Describe the configured model; loads nothing."""
        return cls(settings, describe_space(settings), choose_backend(settings))

    @property
    def name(self) -> str:
        """Model and precision."""
        return f"{self.space.name} ({self.space.precision})"

    def is_model_of(self, other: Contender) -> bool:
        """Return True if only precision and backend differ, so that the vectors of both are comparable."""
        return comparable(self.space, other.space)


def comparable(a: EmbeddingSpace, b: EmbeddingSpace) -> bool:
    """Return True for two spaces of one model that differ in precision alone."""
    # Scales of int8 belong to the precision.
    a, b = (replace(space, scales_digest="") for space in (a, b))
    if "remote" not in (a.precision, b.precision):
        return replace(a, precision=b.precision) == b
    # Of an endpoint its weights may be unknown, and of prompts that its server adds the text.
    return _known_of_endpoints(a) == _known_of_endpoints(b)


def _known_of_endpoints(space: EmbeddingSpace) -> EmbeddingSpace:
    return replace(
        space, precision="remote", weights_sha256="", modules_sha256="", document_prompt="", query_prompt="",
        include_prompt=True, prompts_by="client",
    )  # fmt: skip


def contenders(
    settings: Settings, reference: str | None = None, reading: str | None = None
) -> tuple[Contender, Contender]:
    """Return the configured model, and the reference: fp32 on torch.

    Args:
        settings: The configured model.
        reference: Name or folder of the reference's model, if another one.
        reading: What the reference reads of texts, if something else.

    Raises:
        EmbeddingError: One of them is not available here.
    """
    local = replace(settings, embedding_backend="torch", embedding_precision="fp32")
    if reading is not None:
        local = replace(local, embedding_reading=reading)
    named = local if reference is None else ModelName.parse(reference).settings(local)
    return Contender.of(settings), Contender.of(named)


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of one side, ``(n, dims) float32`` with rows of length 1.

    Attributes:
        chunks: Those of the sample, and of further candidates after them.
        questions: Those of the questions.
        tokens_per_second: None where stored vectors were read.
        cut: Chunks of which only the beginning was read.
    """

    chunks: np.ndarray
    questions: np.ndarray
    tokens_per_second: float | None
    cut: int


def embed_both(
    sides: Sequence[Contender],
    texts: Sequence[Text],
    questions: Sequence[Question],
    on_progress: OnProgress,
    on_step: OnStep,
) -> list[Embedded]:
    """Embed texts and questions with one side after the other.

    Raises:
        EmbeddingError: A model is not available here, or refuses a text.
    """
    embedded = []
    for number, side in enumerate(sides):
        on_step(f"opening {side.name} with {side.backend} …")
        model = open_embedder(side.settings)
        of_texts = _of_texts(model, texts, on_progress, shortened=number > 0)
        embedded.append(replace(of_texts, questions=embed_questions(model, questions)))
        del model
    return embedded


def _of_texts(model: Embedder, texts: Sequence[Text], on_progress: OnProgress, *, shortened: bool) -> Embedded:
    """Embed the texts, short ones together; ``shortened`` lets a smaller window read the beginning of a text."""
    tokenizer = model.tokenizers.of(Role.DOCUMENT)
    inputs = [embedding_input(text.breadcrumb, text.text) for text in texts]
    read = [first_tokens(given, tokenizer) for given in inputs] if shortened else inputs
    vectors = np.empty((len(texts), model.space.dimensions), np.float32)
    order = sorted(range(len(texts)), key=lambda i: -texts[i].token_count)
    tokens = sum(text.token_count for text in texts)
    done, started = 0, time.perf_counter()
    for start in range(0, len(order), EMBED_SLICE):
        shutdown.raise_if_requested()
        rows = order[start : start + EMBED_SLICE]
        vectors[rows] = model.embed([read[row] for row in rows], Role.DOCUMENT)
        done += sum(texts[row].token_count for row in rows)
        on_progress(
            Progress(
                work_total=tokens, work_done=done, tokens_done=done, chunks=len(texts), embedded=start + len(rows),
                seconds=time.perf_counter() - started,
            )
        )  # fmt: skip
    cut = sum(a != b for a, b in zip(inputs, read, strict=True))
    return Embedded(vectors, np.empty((0, 0)), tokens / (time.perf_counter() - started), cut)


def embed_questions(model: Embedder, questions: Sequence[Question]) -> np.ndarray:
    """Return the questions' vectors, each of as much of it as the window holds."""
    if not questions:
        return np.empty((0, model.space.dimensions), np.float32)
    tokenizer = model.tokenizers.of(Role.QUERY)
    return model.embed([first_tokens(question.query, tokenizer) for question in questions], Role.QUERY)
