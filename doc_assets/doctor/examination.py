"""The registry of examinations, and running them: each bounded in time and apart from the others."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from doc_assets.doctor.diagnosis import Diagnosis, fault, warning
from doc_assets.errors import DocAssetsError
from doc_assets.settings import ClusterSettings, Settings


@dataclass(frozen=True)
class Surroundings:
    """Where the program runs.

    Attributes:
        settings: The settings.
        cluster: Its place in Kubernetes.
        environment: The variables of the process.
        online: Ask sources and the embedding endpoint, too.
        root: Folder that holds ``proc`` and ``dev``.
    """

    settings: Settings
    cluster: ClusterSettings
    environment: Mapping[str, str] = field(default_factory=dict)
    online: bool = False
    root: Path = Path("/")


# The modules of examinations, in the order in which they are printed.
_ROOMS = ("machine", "configuration", "home", "database", "model", "sources", "dagster_home", "cluster")

Examine = Callable[[Surroundings], Iterable[Diagnosis]]


@dataclass(frozen=True, slots=True)
class Examination:
    """An examination: its subject, for the message if it fails, and the seconds that it may take."""

    subject: str
    seconds: float
    examine: Examine


EXAMINATIONS: list[Examination] = []


def examination(subject: str, seconds: float = 60.0) -> Callable[[Examine], Examine]:
    """Register a function as an examination; see ``Examination``."""

    def register(examine: Examine) -> Examine:
        EXAMINATIONS.append(Examination(subject, seconds, examine))
        return examine

    return register


def examine(surroundings: Surroundings, examinations: Sequence[Examination] = ()) -> Iterator[Diagnosis]:
    """Yield what the examinations find, in their order; by default all that there are.

    One after the other: they import much, and imports of several threads wait for each other.
    """
    for one in examinations or _all():
        yield from _Running(one, surroundings).findings()


def _all() -> list[Examination]:
    for room in _ROOMS:
        importlib.import_module(f"doc_assets.doctor.{room}")
    return EXAMINATIONS


class _Running:
    """One examination, in a thread of its own that nobody waits for once its time is over."""

    def __init__(self, examination: Examination, surroundings: Surroundings) -> None:
        self._examination = examination
        self._deadline = time.monotonic() + examination.seconds
        self._found: list[Diagnosis] = []
        self._thread = threading.Thread(target=self._run, args=(surroundings,), daemon=True)
        self._thread.start()

    def findings(self) -> list[Diagnosis]:
        """Wait for it, until its time is over, and return what it has found."""
        self._thread.join(max(0.0, self._deadline - time.monotonic()))
        found = list(self._found)
        if self._thread.is_alive():
            subject, seconds = self._examination.subject, self._examination.seconds
            sentence = f"no answer within {seconds:g} s"
            found.append(warning(subject, sentence, "find out what is slow there, and run doc-assets doctor again"))
        return found

    def _run(self, surroundings: Surroundings) -> None:
        try:
            self._found.extend(self._examination.examine(surroundings))  # those before an error stay
        except Exception as error:  # whatever it is, it must not hide what the others find
            self._found.append(failed(self._examination.subject, error))


def failed(subject: str, error: Exception) -> Diagnosis:
    """Return the fault that is an examination's own failure; the project's errors name their remedy themselves."""
    sentence = str(error).strip() or type(error).__name__
    if isinstance(error, DocAssetsError):
        return Diagnosis(subject, "fault", sentence)
    return fault(subject, f"could not be examined: {type(error).__name__}: {sentence}", "see the message")
