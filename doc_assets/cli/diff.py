"""``doc-assets diff``: differences between two snapshots of a partition, printed like ``git diff --stat``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import typer

from doc_assets.cli.output import JSON_OPTION, Piece, print_json, print_line
from doc_assets.cli.partition_options import ONE_PARTITION_OPTION, PARTITION_ARGUMENT, one_of, required
from doc_assets.runtime.progress import count_of
from doc_assets.settings import Settings
from doc_assets.store.schema.opening import open_for_reading
from doc_assets.store.versions.comparison import ComparedSnapshot, Comparison, DocumentChange, compare
from doc_assets.store.versions.text_diff import patch as patch_of

_LETTERS = {"added": "A", "changed": "M", "removed": "D", "moved": "R", "copied": "C"}
_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_BAR = 40


def diff(
    partition: str | None = PARTITION_ARGUMENT,
    before: str | None = typer.Argument(
        None,
        show_default="what the last load or rollback replaced",
        help="Id, 'previous', 'live', or a time, as in 2h (ago).",
    ),
    after: str | None = typer.Argument(None, show_default="live", help="Snapshot to compare with, given alike."),
    named: str | None = ONE_PARTITION_OPTION,
    name_only: bool = typer.Option(False, "--name-only", help="Print only the paths."),
    patch: str | None = typer.Option(None, "--patch", metavar="PATH", help="Print the text diff of this document."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Compare two snapshots: documents added, changed, removed or moved, with their chunks."""
    if named is not None and after is None and partition != named:
        partition, before, after = named, partition, before
    name = required(one_of(partition, named))
    with open_for_reading(Settings.from_environment()) as store:
        found = compare(store, name, before, after or "live")
        lines = None if patch is None else list(patch_of(store, found, patch))
    if as_json:
        print_json({**asdict(found), "summary": found.summary, **({} if lines is None else {"patch": lines})})
    elif lines is not None:
        for line in lines:
            print_line((line, _STYLES.get(line[:1], "")))
    elif name_only:
        for change in found.documents:
            print_line(change.path)
    else:
        for pieces in _stat(found):
            print_line(*pieces)


def _stat(found: Comparison) -> Iterator[list[Piece]]:
    yield [f"{found.partition}: {_side(found.before)} → {_side(found.after)}"]
    if found.settings:
        yield [(f" made differently: {'; '.join(found.settings)}", "yellow")]
    names = [_name(change) for change in found.documents]
    width = max(map(len, names), default=0)
    most = max((c.chunks_added + c.chunks_removed for c in found.documents), default=0)
    for change, name in zip(found.documents, names, strict=True):
        yield _row(change, f"{name:<{width}}", most)
    for outcome in found.outcomes:
        reason = f": {outcome.reason}" if outcome.reason else ""
        yield [(f" ! {outcome.path}  {outcome.before} → {outcome.after}{reason}", "yellow")]
    yield [f" {_summary(found)}"]


def _side(side: ComparedSnapshot) -> str:
    return (
        f"snapshot {side.id} ({side.status}, {count_of(side.documents, 'document')}, {count_of(side.chunks, 'chunk')})"
    )


def _name(change: DocumentChange) -> str:
    return f"{change.origin} → {change.path}" if change.origin else change.path


def _row(change: DocumentChange, name: str, most: int) -> list[Piece]:
    # Longer bars are scaled down to _BAR; each side that has chunks gets at least one character.
    scale = min(1.0, _BAR / most) if most else 1.0
    plus, minus = (max(n > 0, round(n * scale)) for n in (change.chunks_added, change.chunks_removed))
    counts = f"{f'+{change.chunks_added}':>6} {f'-{change.chunks_removed}':>6}"
    bar: list[Piece] = [("+" * plus, _STYLES["+"]), ("-" * minus, _STYLES["-"])]
    return [f" {_LETTERS[change.status]} {name} | {counts} ", *bar]


def _summary(found: Comparison) -> str:
    sums = found.summary
    documents = ", ".join(f"{sums[name]:,} {name}" for name in _LETTERS if sums[name])
    outcomes = f", {sums['outcomes']:,} with another outcome" if sums["outcomes"] else ""
    if not documents and not outcomes:
        return f"nothing differs in {sums['unchanged']:,} documents"
    return (
        f"documents: {documents or 'none differs'}{outcomes}, {sums['unchanged']:,} unchanged; chunks of these: "
        f"{sums['chunks_added']:,} added(+), {sums['chunks_removed']:,} removed(-), {sums['chunks_kept']:,} kept"
    )
