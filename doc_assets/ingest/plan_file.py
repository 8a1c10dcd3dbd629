"""A plan as a file: what it rests on, so that the load after it does what it says or refuses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from doc_assets.catalogue import Catalogue
from doc_assets.document import canonical_json
from doc_assets.errors import NotFound, Refused
from doc_assets.ingest.loader import Survey
from doc_assets.ingest.recipe import terms_of
from doc_assets.runtime.whole_file import write_whole
from doc_assets.settings import Settings

_FORMAT = 1
_SHOWN = 3  # files that a refusal names


@dataclass(frozen=True, slots=True)
class PlannedPartition:
    """What the plan of one partition rests on.

    Attributes:
        live: Snapshot that was live; None if none was.
        source: Digest of the source's catalogue entry.
        terms: Digest of the recipe, and of what else a snapshot is made by.
        files: Size and SHA-256 (hex; None of a file that cannot be read) by path; empty if the load would change
            nothing.
    """

    live: int | None
    source: str
    terms: str
    files: Mapping[str, tuple[int, str | None]]


@dataclass(frozen=True, slots=True)
class PlanFile:
    """The content of a plan file.

    Attributes:
        made_at: Time, ISO 8601.
        limit: ``--limit`` of the plan.
        allow_deletions: Whether its loads may publish whatever vanishes.
        partitions: What each planned partition rests on, by name.
    """

    made_at: str
    limit: int | None
    allow_deletions: bool
    partitions: Mapping[str, PlannedPartition]

    def write(self, path: Path) -> None:
        """Write the file, complete or not at all.

        Raises:
            Refused: It cannot be written.
        """
        try:
            write_whole(path, json.dumps({"doc_assets_plan": _FORMAT, **asdict(self)}, indent=1) + "\n")
        except OSError as error:
            raise Refused(
                f"the plan cannot be written to {path} ({error.strerror or error}): name another place with -o"
            ) from error

    @classmethod
    def read(cls, path: Path) -> PlanFile:
        """Read a file that ``write`` wrote.

        Raises:
            NotFound: There is no such file.
            Refused: It is no plan of this program.
        """
        try:
            value = json.loads(path.read_text())
            if value["doc_assets_plan"] != _FORMAT:
                raise Refused(f"{path} is a plan of another version of this program: make a new one, {_again(path)}")
            partitions = {
                name: PlannedPartition(
                    given["live"],
                    given["source"],
                    given["terms"],
                    {file: (size, hashed) for file, (size, hashed) in given["files"].items()},
                )
                for name, given in value["partitions"].items()
            }
            return cls(value["made_at"], value["limit"], value["allow_deletions"], partitions)
        except FileNotFoundError as error:
            raise NotFound(f"there is no plan {path}: {_again(path)} makes one") from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused(f"{path} is no plan of this program: {_again(path)} makes one") from error

    def refuse_moved(self, path: Path, now: Mapping[str, PlannedPartition | str]) -> None:
        """Raise Refused with what moved since the plan, if anything did.

        Args:
            path: The file, for the next step.
            now: What each partition rests on now, or why that is not known; without those that left the catalogue.
        """
        moved = []
        for name, then in self.partitions.items():
            present = now.get(name, "it is not in the catalogue any more")
            if what := present if isinstance(present, str) else _moved(then, present):
                moved.append(f"{name}: {what}")
        if moved:
            shown = "\n  ".join(moved[:20]) + (f"\n  and {len(moved) - 20} more" if len(moved) > 20 else "")
            raise Refused(
                f"the plan of {self.made_at} does not hold any more; nothing was loaded:\n  {shown}\n"
                f"{_again(path)} makes a new one"
            )


def basis(
    settings: Settings, catalogue: Catalogue, live: Mapping[str, int], surveys: Sequence[Survey]
) -> dict[str, PlannedPartition]:
    """Return what the surveyed partitions rest on now, by name; reads all files of those that a load would change."""
    found = {}
    for survey in surveys:
        partition, discovery = survey.partition, survey.discovery
        hashes = {} if survey.unchanged is not None else discovery.fingerprints
        sizes = {file.path: file.size for file in discovery.listed}
        found[partition.name] = PlannedPartition(
            live.get(partition.name),
            _digest(partition.source.model_dump(mode="json")),
            _digest(asdict(terms_of(settings, partition.source, survey.limit))),
            {path: (sizes[path], hashed.hex() if hashed else None) for path, hashed in hashes.items()},
        )
    return found


def _moved(then: PlannedPartition, now: PlannedPartition) -> str | None:
    if then.source != now.source:
        return "its entry in the catalogue has changed"
    if then.terms != now.terms:
        return "its recipe has changed: formats, chunker, metadata or embedding space"
    if then.live != now.live:
        return f"snapshot {now.live or 'none'} is live, and {then.live or 'none'} was"
    if then.files and not now.files:
        return "its source is what is live, and was not"
    differing = sorted(path for path in {*then.files, *now.files} if then.files.get(path) != now.files.get(path))
    if not differing:
        return None
    if not then.files:
        return "its source was what is live, and is not any more"
    shown = ", ".join(differing[:_SHOWN]) + (" …" if len(differing) > _SHOWN else "")
    return f"{len(differing):,} of its files are new, gone or other: {shown}"


def _digest(value: dict) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _again(path: Path) -> str:
    return f"doc-assets plan -o {path}"


def moment() -> str:
    """Return the present time as a plan file has it."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
