"""The result of an embedder check, and the bounds that it is held against."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from doc_assets.errors import Misuse
from doc_assets.search.agreement import NEIGHBOURS, Cosines, cosines, overlap
from doc_assets.search.contenders import Contender, Embedded, OnProgress, OnStep
from doc_assets.search.evaluation import Question
from doc_assets.search.retrieval_comparison import PairedFigures

OVERLAP_BOUND = 0.95
LOSS_BOUND = 0.01

_BOUNDED = ("hit@5", "mrr@10")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is enough.

    Attributes:
        overlap: Least share of a chunk's nearest chunks that both have in common; for another precision only, since
            another model may well find better ones.
        loss: What hit@5 and mrr@10 may lose in each mode.
    """

    overlap: float = OVERLAP_BOUND
    loss: float = LOSS_BOUND


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a check is asked.

    Attributes:
        size: Chunks of the sample.
        seed: Seed of the sample.
        questions: What both look for; none compares vectors alone.
        bounds: What is enough.
        on_progress: Called while texts are embedded.
        on_step: Called with a sentence at the start of each step.
    """

    size: int
    seed: int
    questions: Sequence[Question] = ()
    bounds: Bounds = Bounds()
    on_progress: OnProgress = lambda _: None
    on_step: OnStep = lambda _: None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared.

    Attributes:
        reading: What it reads of texts.
        tokens_per_second: Of the sample on this machine; None where stored vectors were read.
        cut: Chunks of which it read the beginning only, since its window is smaller than that they were cut for.
    """

    model: str
    precision: str
    backend: str
    reading: str
    dimensions: int
    tokens_per_second: float | None = None
    cut: int = 0

    def __str__(self) -> str:
        """Return model, precision, backend and reading in words."""
        return f"{self.model} ({self.precision}, {self.backend}, {self.reading})"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value, the bound that it has to keep, and whether it does; of a loss also its standard error."""

    name: str
    value: float
    bound: float
    passed: bool
    error: float = 0.0

    @property
    def sentence(self) -> str:
        """Return the result in words."""
        if self.name.startswith("overlap"):
            return f"{self.name} is {self.value:.4f}, at least {self.bound:g} is needed"
        told = f"{self.name} is {self.value:.4f} ± {self.error:.4f} below the reference's, {self.bound:g} is allowed"
        if self.value - self.bound < 2 * self.error:
            told += ": so few questions cannot tell this from chance, ask more of them"
        return told


@dataclass(frozen=True, slots=True)
class EmbedderCheck:
    """The result.

    Attributes:
        subject: What was examined.
        reference: What it was compared with.
        chunks: Chunks of the sample.
        seed: Draws the same sample again, while the same chunks are there.
        cosines: Between both vectors of each chunk; None for models whose vectors are not comparable.
        overlap: Mean share of the 10 nearest chunks in common, among the sample.
        overlap_error: Its standard error, from the sample.
        questions: Questions asked.
        candidates: Chunks ranked for each; None where everything that is live was.
        retrieval: Figures by mode.
        outcomes: What was held against the bounds.
        seconds: Wall time.
    """

    subject: Side
    reference: Side
    chunks: int
    seed: int
    cosines: Cosines | None
    overlap: float
    overlap_error: float
    questions: int
    candidates: int | None
    retrieval: Mapping[str, PairedFigures]
    outcomes: Sequence[Outcome]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every bound was kept."""
        return all(outcome.passed for outcome in self.outcomes)


def judge(
    sides: Sequence[Contender],
    embedded: Sequence[Embedded],
    inquiry: Inquiry,
    retrieval: Mapping[str, PairedFigures],
    candidates: int | None,
    started: float,
) -> EmbedderCheck:
    """Return the result; the first chunks of each side are the sample, ``started`` is of ``perf_counter``."""
    bounds = inquiry.bounds
    of_subject, of_reference = (side.chunks[: inquiry.size] for side in embedded)
    same_model = sides[0].is_model_of(sides[1])
    shares = overlap(of_subject, of_reference)
    common = float(shares.mean())
    outcomes = [
        Outcome(
            f"{mode} {name}",
            figures.loss[name],
            bounds.loss,
            figures.loss[name] <= bounds.loss + 1e-9,
            figures.error[name],
        )
        for mode, figures in retrieval.items()
        for name in _BOUNDED
    ]
    if same_model:
        outcomes.insert(0, Outcome(f"overlap@{NEIGHBOURS}", common, bounds.overlap, common >= bounds.overlap))
    subject, reference = (
        Side(
            c.space.name, c.space.precision, c.backend, c.space.reading, c.space.dimensions,
            None if e.tokens_per_second is None else round(e.tokens_per_second), e.cut,
        )
        for c, e in zip(sides, embedded, strict=True)
    )  # fmt: skip
    return EmbedderCheck(
        subject=subject,
        reference=reference,
        chunks=len(shares),
        seed=inquiry.seed,
        cosines=cosines(of_subject, of_reference) if same_model else None,
        overlap=common,
        overlap_error=float(shares.std() / len(shares) ** 0.5),
        questions=len(inquiry.questions),
        candidates=candidates,
        retrieval=retrieval,
        outcomes=outcomes,
        seconds=time.perf_counter() - started,
    )


def require_a_measure(sides: Sequence[Contender], questions: Sequence[Question]) -> None:
    """Refuse to compare two models by their vectors alone.

    Raises:
        Misuse: They are two models, and there are no questions.
    """
    if not questions and not sides[0].is_model_of(sides[1]):
        raise Misuse(
            f"{sides[0].name} and {sides[1].name} are two models or read differently, so that their nearest chunks may "
            "differ with good reason: give --questions to compare what they find"
        )
