"""Why files were not loaded, and loads did not end well, in a few kinds, each with what mends it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from doc_assets.document.pointer import is_pointer_reason
from doc_assets.document.reasons import of_the_twin, parted
from doc_assets.store.versions.runs import LeftOutFiles

_NOTHING = "nothing to do"
# (beginning or part of a reason, the kind, what mends it). The first that fits counts.
_REJECTED = (
    (r"DOC_ASSETS_[A-Z_]+", "above a limit", "raise {0}, or exclude the files in the catalogue"),
    (
        r"^the parser (failed|gave up)",
        "the parser failed",
        "report it with the file; exclude the file until it is mended",
    ),
    (
        r"^archive member that would land outside",
        "unsafe member of an archive",
        "have the archive made without it",
    ),
    (r"^link that", "link that leads nowhere", "put the file itself there, or exclude the link"),
    (r"^cannot be read", "cannot be read", "let the account that loads read it, or exclude it"),
    (r"^binary data", "binary data where text was expected", "check the file, or exclude it in the catalogue"),
    (r"^text in the encoding", "text in an encoding that is not read", "convert it to UTF-8, or exclude it"),
    (r"notebook|^not valid JSON|^JSON", "damaged notebook or JSON", "save or fetch the file again, or exclude it"),
    (r"^rustdoc JSON of format", "rustdoc JSON of another format", "build it with another toolchain, or load the HTML"),
)
_SKIPPED = (
    (r"^redirect to", "redirects", f"{_NOTHING}: the pages that they lead to are loaded themselves"),
    (r"^empty file|^no text|^no cells", "no text", f"{_NOTHING}; if they show text, check `format` in the catalogue"),
    (
        r"table of contents|list of all items|index of pages|print page",
        "tables of contents and indexes",
        f"{_NOTHING}: the pages that they list are loaded themselves",
    ),
    (r"^hidden|hidden file$", "hidden files", "rename what is wanted: no part of its path may start with a dot"),
    (r"^unsupported format", "no parser reads them", "name the source's `format` in the catalogue, or exclude them"),
    (r"^submodule", "submodules", "add their repositories to the catalogue as sources of their own"),
    (r"^link", "links that are not followed", "have `include` or `subfolders` take what they lead to"),
    (
        r"below min_characters",
        "shorter than min_characters",
        "lower `min_characters` of the source, if they are wanted",
    ),
    (r"^a template", "templates", f"{_NOTHING}: their text is filled in elsewhere"),
    (r"^source code", "source code pages", f"{_NOTHING}: they are no documentation"),
)
_NUMBER = re.compile(r"\d[\d,.]*")
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of reason: what it is called, and what mends it."""

    outcome: str
    title: str
    mending: str


@dataclass(frozen=True, slots=True)
class LeftOutKind:
    """Files that were left out for one kind of reason, with a few of them.

    Attributes:
        partitions: How many files of each partition, most first.
        examples: The first file of some partitions, with the reason word for word.
    """

    kind: Kind
    files: int
    partitions: tuple[tuple[str, int], ...]
    examples: tuple[LeftOutFiles, ...]


def kind_of(outcome: str, reason: str) -> Kind:
    """Return the kind of a reason; one that no kind is known for is its own, without its numbers."""
    if outcome == "rejected" and is_pointer_reason(reason):
        mending = "write `lfs: true` at a git source, or have git lfs pull or git annex get run in its folder"
        return Kind(outcome, "only pointers to content kept elsewhere", mending)
    if outcome == "rejected":
        reason = of_the_twin(reason)
    for pattern, title, mending in _REJECTED if outcome == "rejected" else _SKIPPED:
        if found := re.search(pattern, reason):
            return Kind(outcome, title, mending.format(found[0]))
    said, step = parted(" ".join(reason.split()))
    title = _NUMBER.sub("…", said)
    if outcome == "rejected":
        return Kind(outcome, title[:_LONGEST], step or "mend the files, or exclude them in the catalogue")
    return Kind(outcome, title[:_LONGEST], f"{_NOTHING}, unless they are missed")


def by_kind(left_out: Iterable[LeftOutFiles], examples: int = 3) -> list[LeftOutKind]:
    """Return the files by kind of reason: the rejected first, then most files first."""
    grouped: dict[Kind, list[LeftOutFiles]] = {}
    for group in left_out:
        grouped.setdefault(kind_of(group.outcome, group.reason), []).append(group)
    found = []
    for kind, groups in grouped.items():
        partitions = Counter[str]()
        for group in groups:
            partitions[group.partition] += group.files
        most = sorted(partitions.items(), key=lambda one: (-one[1], one[0]))
        found.append(LeftOutKind(kind, partitions.total(), tuple(most), tuple(groups[:examples])))
    return sorted(found, key=lambda one: (one.kind.outcome != "rejected", -one.files, one.kind.title))


def command_for(kind: LeftOutKind) -> str:
    """Return the command that shows the files, or loads them once they are mended."""
    name = kind.partitions[0][0]
    if kind.kind.outcome == "rejected":
        return f"doc-assets quarantine retry {name}"
    return f"doc-assets manifest {name} --outcome skipped"


def next_step(partition: str, result: str) -> str:
    """Return what to do about a load that did not end well; its message says what was wrong."""
    again = f"doc-assets migrate {partition}"
    match result:
        case "rejected" | "refused":
            return f"what is live stays as it was; do what the message says, then {again}"
        case "stopped" | "interrupted":
            return f"what is committed stays; {again} goes on from there"
        case _:
            return f"what is live stays as it was; mend the cause, then {again}"
