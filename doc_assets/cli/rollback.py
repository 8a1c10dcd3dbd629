"""``doc-assets rollback`` and ``discard``: republish earlier snapshots; discard unpublished ones."""

from __future__ import annotations

from collections import Counter

import typer

from doc_assets.cli.consent import YES_OPTION, with_consent
from doc_assets.cli.output import JSON_OPTION, print_json, print_line, print_note, print_table
from doc_assets.cli.partition_options import ONE_PARTITION_OPTION, one_of
from doc_assets.runtime import termination_message
from doc_assets.settings import Settings
from doc_assets.store.schema import schema
from doc_assets.store.schema.opening import open_store
from doc_assets.store.snapshots.discard import discard as discard_snapshots
from doc_assets.store.versions.references import parse_id_or_partition, parse_moment
from doc_assets.store.versions.rollback import Rollback, RollbackResult, roll_back
from doc_assets.store.versions.rollback_targets import AsOf, BeforeRun, RollbackSelection, ToSnapshot


def rollback(
    partition: str | None = typer.Argument(None, metavar="PARTITION", help="TYPE/KEY, as in rust/crate-tokio."),
    named: str | None = ONE_PARTITION_OPTION,
    to: str | None = typer.Option(None, "--to", help="Snapshot id, or 'previous' (default): the one live before."),
    run: str | None = typer.Option(
        None, "--run", help="Undo this run in every partition that it changed; 8 characters of its id are enough."
    ),
    doc_type: str | None = typer.Option(None, "--type", "-t", help="With --as-of: every partition of this type."),
    as_of: str | None = typer.Option(
        None,
        "--as-of",
        help="Republish what was live then: ISO 8601, a date, or 15m, 2h, 3d ago; without a partition or --type, in "
        "the whole store.",
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Prove the digests and print the changes; publish nothing."),
    yes: bool = YES_OPTION,
    as_json: bool = JSON_OPTION,
) -> None:
    """Publish earlier snapshots again, all or none, after proving their digests.

    A partition that had nothing live then is taken down; that needs a yes at the terminal, or --yes.
    """
    termination_message.begin("rollback")
    partition = one_of(partition, named)
    where = _selection(partition, to, run, doc_type, as_of)
    with open_store(Settings.from_environment(), create=False) as store:
        done = with_consent(
            lambda agreed: roll_back(store, where, dry_run=dry_run, may_take_down=agreed), yes=yes or dry_run
        )
    termination_message.add_facts(
        schema_revision=schema.head(),
        run=None if dry_run else done.run_id,
        partitions=Counter(row.result for row in done.partitions),
    )
    if as_json:
        print_json(_as_json(done, where, single=partition is not None, dry_run=dry_run))
        return
    if isinstance(where, AsOf):
        print_note(f"as of {where.moment:%Y-%m-%d %H:%M:%S %z} ({where.moment.tzname()})")
    _show(done, single=partition is not None, dry_run=dry_run)


def _selection(
    partition: str | None, to: str | None, run: str | None, doc_type: str | None, as_of: str | None
) -> RollbackSelection:
    """Return what the options select.

    Raises:
        typer.BadParameter: The options select nothing, or contradict each other.
        Misuse: ``as_of`` is no time.
    """
    if run is not None:
        if any(other is not None for other in (partition, to, doc_type, as_of)):
            raise typer.BadParameter("a run is undone in every partition that it changed: give --run alone")
        return BeforeRun(run)
    if partition is not None and doc_type is not None:
        raise typer.BadParameter("give a partition or --type, not both")
    if as_of is not None:
        if to is not None:
            raise typer.BadParameter("--to and --as-of both say where to: give one of them")
        return AsOf(parse_moment(as_of), doc_type, partition)
    if doc_type is not None:
        raise typer.BadParameter(f"back to when? --type {doc_type} needs --as-of TIME")
    if partition is None:
        raise typer.BadParameter(
            "what is to go back? Give a partition (TYPE/KEY), --run RUN_ID, or --as-of TIME with or without --type"
        )
    return ToSnapshot(partition, to or "previous")


def _as_json(done: Rollback, where: RollbackSelection, *, single: bool, dry_run: bool) -> dict:
    """Return one flat object for a single partition, else an object with a list."""
    about = {
        "run_id": None if dry_run else done.run_id,
        "dry_run": dry_run,
        "as_of": where.moment if isinstance(where, AsOf) else None,
        "seconds": round(done.seconds, 4),
    }
    rows = [
        {
            "partition": row.partition,
            "from": row.from_snapshot,
            "to": row.to_snapshot,
            "result": row.result,
            "digest": row.digest,
            "overtaken": row.overtaken,
        }
        for row in done.partitions
    ]
    return {**rows[0], **about} if single else {**about, "partitions": rows}


def _show(done: Rollback, *, single: bool, dry_run: bool) -> None:
    rows = done.partitions
    moved = [row for row in rows if row.result != "unchanged"]
    if single:
        print_line(f"{_line(rows[0], dry_run)} in {done.seconds:.3f} s")
    else:
        print_table(
            "rollback (dry run)" if dry_run else "rollback",
            ["partition", "from", "to", "result", "digest"],
            [
                (r.partition, str(r.from_snapshot or ""), str(r.to_snapshot or ""), _words(r), (r.digest or "")[:16])
                for r in rows
            ],
            first=["partition", "from", "to", "result"],
        )
        down = sum(row.to_snapshot is None for row in moved)
        print_note(
            f"{len(moved)} of {len(rows)} partitions {'would move' if dry_run else 'moved'}"
            + (f", {down} of them taken down" if down else "")
            + f"; all digests proven; {done.seconds:.2f} s"
        )
    if moved and not dry_run:
        print_note(f"doc-assets rollback --run {done.run_id[:8]} undoes it")


def _line(row: RollbackResult, dry_run: bool) -> str:
    proven = f", digest {row.digest[:16]}… proven" if row.digest else ""
    now = "would be" if dry_run else "is"
    match row.result:
        case "unchanged":
            return f"{row.partition}: {now} unchanged at {_name(row.to_snapshot)}{proven}"
        case "unpublished":
            return f"{row.partition}: {_name(row.from_snapshot)} {now} taken down, nothing was live before,"
    return f"{row.partition}: {_name(row.from_snapshot)} → {row.to_snapshot}{' (dry run)' * dry_run}{proven}"


def _name(snapshot: int | None) -> str:
    return "nothing live" if snapshot is None else f"snapshot {snapshot}"


def _words(row: RollbackResult) -> str:
    words = {"published": "published again", "unpublished": "taken down: nothing was live before"}
    return words.get(row.result, row.result) + ("; what came after that run goes too" if row.overtaken else "")


def discard(
    what: str | None = typer.Argument(
        None, metavar="ID|PARTITION", help="Snapshot id, or TYPE/KEY for all of a partition."
    ),
    named: str | None = ONE_PARTITION_OPTION,
    everything: bool = typer.Option(False, "--all", help="Discard in every partition that no process works on."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Discard snapshots that were never published: unfinished or rejected ones."""
    what = one_of(what, named)
    if (what is None) == (not everything):
        raise typer.BadParameter("give a snapshot's id, a partition (TYPE/KEY), or --all")
    with open_store(Settings.from_environment(), create=False) as store:
        done = discard_snapshots(store, None if what is None else parse_id_or_partition(what))
    for sentence in done.held:
        print_note(f"left alone: {sentence}")
    if as_json:
        print_json(done)
        return
    print_table(
        "discarded",
        ["partition", "snapshot", "was", "files", "documents"],
        [(row.partition, str(row.snapshot), row.status, row.files, row.documents) for row in done.dropped],
    )
    what = "snapshot" if len(done.dropped) == 1 else "snapshots"
    print_note(f"{len(done.dropped)} {what} discarded; the content stays for others until doc-assets gc removes it")
