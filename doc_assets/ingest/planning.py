"""What a load would do: which documents come, change, move and go, what is to embed, which guard would refuse it.

Writes nothing to the database. Files that a load would take over are not parsed; what is parsed is kept for the load
(``doc_assets.ingest.parsed_files``). How long it takes is in ``doc_assets.ingest.estimate``.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace

from doc_assets.document import Chunk
from doc_assets.document.records import Counts, FileRecord
from doc_assets.ingest.load_run import parse_tasks
from doc_assets.ingest.loader import Loader, Survey
from doc_assets.ingest.parsed_files import ParsedFiles, remove_untaken
from doc_assets.ingest.publication_guards import Guards
from doc_assets.ingest.recipe import terms_of
from doc_assets.ingest.result import LoadResult
from doc_assets.ingest.source_warnings import source_warnings
from doc_assets.store.snapshots import planning
from doc_assets.store.snapshots.losses import PlannedFile, planned_losses
from doc_assets.store.snapshots.missing_includes import LackingDocuments, lacking_among
from doc_assets.store.snapshots.terms import SnapshotTerms
from doc_assets.store.spaces import spaces

_SAMPLE_CHUNKS = 96  # embedding them takes a few seconds on 2 cores


@dataclass(frozen=True, slots=True)
class DocumentChanges:
    """Documents by what a load does with them.

    Attributes:
        moved: Equal content at another path, whose old path is gone.
        unchanged: Same path and content.
    """

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """A file that a load would reject, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class PartitionPlan:
    """What a load of one partition would do.

    Attributes:
        result: The counts: ``planned``, ``unchanged``, or ``failed`` if its source cannot be read; ``embedded`` and
            ``tokens_embedded`` are what it would embed.
        changes: Documents by what happens to them.
        files_parsed: Files that a load parses, or takes from this plan; it takes over the others.
        rejected: Files that it would reject, by path.
        refusal: Why a guard would refuse to publish it, in a sentence.
    """

    result: LoadResult
    changes: DocumentChanges = DocumentChanges()
    files_parsed: int = 0
    rejected: tuple[RejectedFile, ...] = ()
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    fingerprint: bytes | None
    outcome: str
    reason: str | None = None
    documents: tuple[bytes, ...] = ()
    tokens: int = 0
    chunks: int = 0


class Planner:
    """Plans the loads of one call. A chunk that several partitions share is to embed in the first of them.

    Attributes:
        sample: Some of the chunks to embed, chosen at random, the same ones in each call.
    """

    def __init__(self, loader: Loader, *, allow_deletions: bool = False) -> None:
        """Take the loader, for its store, parse workers and settings."""
        remove_untaken(loader.settings.home)
        self._loader = loader
        self._allow_deletions = allow_deletions
        self._to_embed: set[bytes] = set()
        self._random = random.Random(0)  # noqa: S311 - a sample
        self.sample: list[Chunk] = []

    def plan(self, survey: Survey) -> PartitionPlan:
        """Parse what a load would parse and return what it would do; embeds nothing.

        Raises:
            StoreError: The database failed for longer than the retries last.
            Stopped: A stop was requested.
        """
        settings, partition = self._loader.settings, survey.partition
        terms = terms_of(settings, partition.source, survey.limit)
        parsed = ParsedFiles(settings.home, partition.name, terms.recipe)
        if survey.unchanged is not None:
            parsed.remove()
            return PartitionPlan(survey.unchanged, DocumentChanges(unchanged=survey.unchanged.documents))
        started, discovery = time.perf_counter(), survey.discovery
        live, known = self._loader.retries.run(lambda: self._read(survey, terms))
        to_load = discovery.to_load({p: {(f.size, f.fingerprint) for f in of} for p, of in known.items()})
        files: list[_File] = []
        to_parse: list[str] = []
        for file in to_load.canonical:
            held = next((of for of in known.get(file.path, ()) if of.fingerprint == file.fingerprint), None)
            if held is None:
                to_parse.append(file.path)
            else:
                files.append(_taken_over(held))
        held_documents = [(file.path, key) for file in files for key in file.documents]
        lacking = self._loader.retries.run(lambda: self._lacking(held_documents))
        embedded = tokens_embedded = 0
        with ExitStack() as open_until_end:
            space = self._loader.retries.run(self._find_space)
            lookup = spaces.VectorLookup(self._loader.store, space, self._loader.retries) if space else None
            if lookup is not None:
                open_until_end.enter_context(lookup)
            keep = open_until_end.enter_context(parsed.collecting())
            for record in self._loader.parse_pool.parse(parse_tasks(partition, discovery, to_parse)):
                keep(record)
                files.append(_of(record))
                lacking += _lacking_of(record)
                new = self._missing(record, lookup)
                embedded += len(new)
                tokens_embedded += sum(chunk.token_count for chunk in new)
        files = _settled([*files, *_unparsed(to_load.unparsed, files)])
        loaded = [file for file in files if file.outcome == "loaded"]
        outcomes = Counter(file.outcome for file in files)
        chunks = sum(file.chunks for file in loaded)
        counts = Counts(
            files=len(discovery.listed),
            loaded=outcomes["loaded"],
            duplicate=outcomes["duplicate"],
            skipped=outcomes["skipped"],
            rejected=outcomes["rejected"],
            documents=sum(len(file.documents) for file in loaded),
            chunks=chunks,
            tokens=sum(file.tokens for file in loaded),
            bytes=discovery.bytes,
        )
        result = LoadResult(
            partition.doc_type,
            partition.key,
            "planned",
            **asdict(counts),
            embedded=embedded,
            reused=max(0, chunks - embedded),
            tokens_embedded=tokens_embedded,
            includes_missing=lacking.includes,
            seconds=time.perf_counter() - started,
            warnings=source_warnings(partition, discovery, counts, lacking),
        )
        return PartitionPlan(
            result,
            compare(live, {file.path: file.documents for file in loaded}),
            len(to_parse),
            tuple(
                RejectedFile(file.path, file.reason or "")
                for file in sorted(files, key=lambda file: file.path)
                if file.outcome == "rejected"
            ),
            self._refusal(survey, files),
        )

    def _read(
        self, survey: Survey, terms: SnapshotTerms
    ) -> tuple[dict[str, tuple[bytes, ...]], dict[str, list[planning.HeldFile]]]:
        name, space = survey.partition.name, self._loader.space.fingerprint
        with self._loader.store.lent("load", "doc-assets plan") as connection:
            live = planning.live_documents(connection, name)
            return live, planning.takeable(connection, name, terms, space, survey.discovery.included.digest)

    def _lacking(self, documents: Sequence[tuple[str, bytes]]) -> LackingDocuments:
        with self._loader.store.lent("load", "doc-assets plan") as connection:
            return lacking_among(connection, documents) if documents else LackingDocuments()

    def _find_space(self) -> spaces.SpaceTable | None:
        with self._loader.store.lent("load", "doc-assets plan") as connection:
            return spaces.find_space(connection, self._loader.space.fingerprint)

    def _missing(self, record: FileRecord, lookup: spaces.VectorLookup | None) -> list[Chunk]:
        """Return the chunks of a file that are to embed with it, each once in all that is planned."""
        wanted = {chunk.id: chunk for document in record.documents for chunk in document.chunks}
        unknown = [key for key in wanted if key not in self._to_embed]
        missing = unknown if lookup is None else lookup.missing(unknown)
        found = [wanted[key] for key in unknown if lookup is None or key in missing]
        for chunk in found:
            self._to_embed.add(chunk.id)
            # Reservoir sampling: each chunk so far is in the sample with the same probability.
            if len(self.sample) < _SAMPLE_CHUNKS:
                self.sample.append(chunk)
            elif (place := self._random.randrange(len(self._to_embed))) < _SAMPLE_CHUNKS:
                self.sample[place] = chunk
        return found

    def _refusal(self, survey: Survey, files: Sequence[_File]) -> str | None:
        partition = survey.partition
        planned = [
            PlannedFile(file.path, file.fingerprint, file.outcome, file.reason, len(file.documents), file.tokens)
            for file in files
        ]

        def refusal() -> str | None:
            with self._loader.store.lent("load", "doc-assets plan") as connection:
                found = planned_losses(connection, partition.name, planned, survey.limit)
            guards = Guards.of(self._loader.settings, partition.source, allow_deletions=self._allow_deletions)
            return guards.refusal(partition.name, found, partition.holds)

        return self._loader.retries.run(refusal)


def compare(before: Mapping[str, tuple[bytes, ...]], after: Mapping[str, tuple[bytes, ...]]) -> DocumentChanges:
    """Count documents by what happens to them, given their ids by path before and after."""
    added = changed = moved = unchanged = removed = 0
    gone = Counter(key for path, keys in before.items() if path not in after for key in keys)
    for path, keys in after.items():
        if path in before:
            old, new = Counter(before[path]), Counter(keys)
            kept = (old & new).total()
            renewed = min(old.total(), new.total()) - kept
            unchanged, changed = unchanged + kept, changed + renewed
            added, removed = added + new.total() - kept - renewed, removed + old.total() - kept - renewed
            continue
        for key in keys:
            if gone[key]:
                gone[key] -= 1
                moved += 1
            else:
                added += 1
    return DocumentChanges(added, changed, moved, removed + gone.total(), unchanged)


def _taken_over(held: planning.HeldFile) -> _File:
    documents = tuple(held.documents)
    return _File(held.path, held.fingerprint, held.outcome, held.reason, documents, held.tokens, held.chunks)


def _of(record: FileRecord) -> _File:
    chunks = [chunk for document in record.documents for chunk in document.chunks]
    return _File(
        record.path,
        record.fingerprint,
        record.outcome,
        record.reason,
        tuple(document.id for document in record.documents),
        sum(chunk.token_count for chunk in chunks),
        len(chunks),
    )


def _unparsed(records: Iterable[FileRecord], files: Iterable[_File]) -> Iterator[_File]:
    """Yield what is not parsed: the losses count the documents of its twin among ``files``.

    With the bytes of a file that is not loaded it is no duplicate of any document, as sealing counts it.
    """
    by_path = {file.path: file for file in files}
    for record in records:
        twin = by_path.get(record.duplicate_of or "", _File("", None, record.outcome, record.reason))
        unread = twin.outcome in ("rejected", "skipped")
        outcome, reason = (twin.outcome, twin.reason) if unread else (record.outcome, record.reason)
        yield _File(record.path, record.fingerprint, outcome, reason, documents=twin.documents, tokens=twin.tokens)


def _settled(files: Iterable[_File]) -> list[_File]:
    """Return the files with duplicates by content, as sealing finds them: of equal ones the first path is loaded."""
    files = sorted(files, key=lambda file: file.path.encode())
    first: dict[tuple[bytes, ...], str] = {}
    return [
        replace(file, outcome="duplicate")
        if file.outcome == "loaded" and first.setdefault(file.documents, file.path) != file.path
        else file
        for file in files
    ]


def _lacking_of(record: FileRecord) -> LackingDocuments:
    """Return the documents of a file that lack includes."""
    found = LackingDocuments()
    for document in record.documents:
        facts = json.loads(document.metadata_json) if '"includes_missing"' in document.metadata_json else {}
        if isinstance(count := facts.get("includes_missing"), int):
            found += LackingDocuments(1, count, str(facts.get("first_include_missing", "")), record.path)
    return found
