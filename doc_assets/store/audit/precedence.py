"""Which of all that was found is told: a damaged row once, by the rule that owns what was damaged. Pure functions.

What a row's hash covers is judged by the hash, and everything else that depends on the row is not judged on top of it:
an overlap of spans is told of a document only that is what was written. What a snapshot's digest, seal and counts are
computed from is judged before them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from doc_assets.store.audit.finding import Offender
from doc_assets.store.audit.manifests import Manifest, RowDifference

_UNSOUND_DOCUMENT = {"dangling_document", "chunk_count", "ordinals", "document_checksum", "unreadable_document"}
_UNSOUND_CHUNK = {"chunk_checksum", "unreadable_chunk"}
_ABOUT_SOUND_DOCUMENTS = {"span_text", "spans_overlap", "metadata_types", "empty_field"}
_IN_MANIFEST = {
    "loaded_without_document", "path_form", "same_bytes_loaded_twice", "same_content_loaded_twice",
    "duplicate_of_nothing", "reason_missing",
}  # fmt: skip
_OF_FILES = {"files", "loaded", "duplicate", "skipped", "rejected", "bytes"}
# The digest is over the chunks of each document in their order.
_IN_DIGEST = {"chunk_count", "ordinals", "document_checksum", "unreadable_document"}


def sound_parts(offenders: Iterable[Offender]) -> list[Offender]:
    """The offenders, without what is only said of documents and chunks that are damaged themselves."""
    offenders = list(offenders)
    documents = {o.document for o in offenders if o.rule in _UNSOUND_DOCUMENT}
    chunks = {o.chunk for o in offenders if o.rule in _UNSOUND_CHUNK}
    unmeasured = documents | {o.document for o in offenders if o.rule == "document_metadata"}
    return [
        o
        for o in offenders
        if not (
            (o.rule in _ABOUT_SOUND_DOCUMENTS and o.document in documents)
            or (o.rule == "metadata_types" and o.document in unmeasured)
            or (o.rule == "span_text" and o.chunk in chunks)
            or (o.rule == "dangling_link" and o.other in documents)
            or (o.rule == "dangling_link" and o.document in documents)
        )
    ]


def told(manifest: Manifest | None, offenders: Iterable[Offender], rules: Collection[str]) -> list[Offender]:
    """Everything that is told of one snapshot.

    Args:
        manifest: What its row says beside what its rows give; None if it does not exist or cannot be read.
        offenders: Rows that it reaches, as ``sound_parts`` leaves them, and those under its id.
        rules: That are asked for; what others would tell hides nothing.
    """
    offenders = list(offenders)
    if manifest is None:
        return offenders
    damaged = [o for o in _damaged_rows(manifest, offenders) if o.rule in rules]
    intact = not damaged
    strayed = set(manifest.documents.documents) if manifest.documents is not None else set()
    tokens_hold = all(what != "tokens" for what, _, _ in manifest.counts)
    kept = [
        _named(o, tokens_hold=tokens_hold)
        for o in offenders
        if not (o.rule in _IN_MANIFEST and not intact) and not (o.rule == "dangling_document" and o.document in strayed)
    ]
    kept += damaged + list(_of_snapshot(manifest, {o.rule for o in kept}, intact=intact))
    if any(o.rule == "snapshot_seal" for o in kept):
        # Which space its vectors are in may be the very thing that is wrong.
        kept = [o for o in kept if o.rule != "chunk_without_vector"]
    return kept


def _named(offender: Offender, *, tokens_hold: bool) -> Offender:
    """A document whose tokens are not those of its chunks: the snapshot's sum tells which of them is wrong."""
    if offender.otherwise is None or not tokens_hold:
        return offender
    return Offender(offender.rule, offender.otherwise, document=offender.document)


def _damaged_rows(manifest: Manifest, offenders: Iterable[Offender]) -> Iterator[Offender]:
    """Rows of the manifest that are not those which were sealed; too many and too few are a matter of counting."""
    bare = [o for o in offenders if o.rule == "loaded_without_document"]
    for what, rule, difference in (
        ("files", "file_checksum", manifest.files),
        ("documents", "file_document_checksum", manifest.documents),
    ):
        if difference is None:
            continue
        if difference.found != difference.sealed:
            # A file that was left without any document says more than that there is one too few.
            lost = bare if what == "documents" and difference.found < difference.sealed else []
            yield from lost or [_miscounted(manifest, what, difference)]
        elif difference.unknown and (difference.parts_missing or not (manifest.digest_holds and manifest.seal_holds)):
            for name in difference.unknown:
                yield Offender(rule, f"{name} in {manifest.name}", snapshot=manifest.snapshot)
        else:
            yield Offender("row_hashes", f"{manifest.name}: the hashes of its {what}", snapshot=manifest.snapshot)


def _miscounted(manifest: Manifest, what: str, difference: RowDifference) -> Offender:
    strangers = f": {', '.join(difference.unknown)}" if difference.unknown else ""
    text = f"{manifest.name} was sealed with {difference.sealed} {what} and has {difference.found}{strangers}"
    return Offender("sealed_rows", text, snapshot=manifest.snapshot)


def _of_snapshot(manifest: Manifest, rules: set[str], *, intact: bool) -> Iterator[Offender]:
    explained = set()
    if not intact:
        explained |= _OF_FILES | {"documents", "chunks", "tokens"}
    if rules & {"chunk_count", "dangling_document"}:
        explained |= {"chunks", "tokens"}
    if "token_count" in rules:
        explained.add("tokens")
    wrong = [count for count in manifest.counts if count[0] not in explained]
    for what, recorded, found in wrong:
        said = "nothing" if recorded is None else recorded
        yield Offender(
            "recorded_counts", f"{manifest.name}: {what} recorded {said}, found {found}", snapshot=manifest.snapshot
        )
    if intact and not manifest.outcomes_add_up:
        yield Offender("outcomes_add_up", manifest.name, snapshot=manifest.snapshot)
    digest_told = intact and not manifest.digest_holds and not rules & _IN_DIGEST
    if digest_told:
        yield Offender("snapshot_digest", manifest.name, snapshot=manifest.snapshot)
    if not (manifest.seal_holds or digest_told or wrong or not intact or "space_description" in rules):
        yield Offender("snapshot_seal", f"{manifest.name}, or its partition's row", snapshot=manifest.snapshot)


def by_rule(offenders: Iterable[Offender]) -> Mapping[str, list[str]]:
    """Names of the rows by rule, each once."""
    names: dict[str, dict[str, None]] = {}
    for offender in offenders:
        names.setdefault(offender.rule, {})[offender.name] = None
    return {rule: list(rows) for rule, rows in names.items()}
