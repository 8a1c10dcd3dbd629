"""Commands about what is stored: validate, rollback, snapshots, manifest, status, history."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import typer

from doc_assets.audit import CheckResult
from doc_assets.audit import validate as audit_live
from doc_assets.cli.output import JSON_OPTION, complain, print_json, print_table, results, say
from doc_assets.progress import duration
from doc_assets.settings import Settings
from doc_assets.store import Store, listing, open_store
from doc_assets.store import history as store_history
from doc_assets.store.rollback import rollback as roll_back

PARTITION_ARGUMENT = typer.Argument(help="TYPE/KEY, as in rust/crate-tokio.")


def validate(
    types: list[str] = typer.Option(
        [], "--type", "-t", help="Only this documentation type; may be given several times."
    ),
    partitions: list[str] = typer.Option([], "--partition", "-p", help="Only this partition, as TYPE/KEY; repeatable."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Audit what is live: recompute every checksum, count and reference from what PostgreSQL holds."""
    started = time.perf_counter()
    with open_store(Settings.from_environment()) as store:
        live = _live(store, types, partitions)
        if not live:
            say("nothing is live yet: doc-assets migrate loads it")
        rows = audit_live(store, [snapshot_id for _, snapshot_id in live]) if live else []
    if as_json:
        print_json(rows)
    else:
        print_checks(rows)
        say(f"{len(live)} partitions in {duration(time.perf_counter() - started)}")
    if not all(row.passed for row in rows):
        raise typer.Exit(1)


def _live(store: Store, types: Sequence[str], names: Sequence[str]) -> list[tuple[str, int]]:
    with store.connect() as connection:
        live = listing.live_partitions(connection)
    known_types = {name.split("/")[0] for name, _ in live}
    for doc_type in types:
        if doc_type not in known_types:
            raise typer.BadParameter(
                f"nothing of type {doc_type!r} is live: {', '.join(sorted(known_types)) or 'nothing'}"
            )
    for name in names:
        if name not in {partition for partition, _ in live}:
            raise typer.BadParameter(f"partition {name!r} is not live: doc-assets snapshots lists what there is")
    return [
        (name, snapshot_id)
        for name, snapshot_id in live
        if (not types or name.split("/")[0] in types) and (not names or name in names)
    ]


def print_checks(rows: Sequence[CheckResult]) -> None:
    """One line per check over all partitions, then each failure with its first offenders."""
    passed, looked = Counter(), Counter()
    for row in rows:
        looked[row.check] += 1
        passed[row.check] += row.passed
    print_table(
        "checks",
        ["check", "result", "partitions", "passed"],
        [(check, "passed" if passed[check] == n else "FAILED", n, passed[check]) for check, n in looked.items()],
    )
    for row in rows:
        if not row.passed:
            complain(f"{row.partition} fails {row.check}: {'; '.join(row.offenders)}")


def rollback(
    partition: str = PARTITION_ARGUMENT,
    to: str = typer.Option("previous", "--to", help="Snapshot id, or 'previous'."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Publish an earlier snapshot again, after proving that it is still what it was."""
    with open_store(Settings.from_environment()) as store:
        result = roll_back(store, partition, to)
    row = {
        "partition": result.partition,
        "from": result.from_snapshot,
        "to": result.to_snapshot,
        "digest": result.digest,
        "seconds": round(result.seconds, 4),
    }
    if as_json:
        print_json(row)
    else:
        results.print(
            f"{partition}: snapshot {result.from_snapshot} → {result.to_snapshot} in {result.seconds:.3f} s, digest "
            f"{result.digest[:16]}… proven",
            soft_wrap=True,
        )


def snapshots(
    partition: str | None = typer.Argument(None, help="TYPE/KEY; all partitions without it."),
    as_json: bool = JSON_OPTION,
) -> None:
    """List snapshots, newest first."""
    with open_store(Settings.from_environment()) as store:
        rows = listing.snapshots(store, partition)
    if as_json:
        print_json(rows)
        return
    print_table(
        "snapshots",
        ["partition", "id", "status", "live", "digest", "documents", "chunks", "created", "run"],
        [
            (r.partition, str(r.id), r.status, "live" if r.published else "", (r.digest or "")[:16], r.documents,
             r.chunks, r.created_at, (r.run_id or "")[:8])
            for r in rows
        ],
    )  # fmt: skip


def manifest(partition: str = PARTITION_ARGUMENT, as_json: bool = JSON_OPTION) -> None:
    """List every file of what is live, with its outcome and why it was not loaded."""
    with open_store(Settings.from_environment()) as store:
        rows = listing.manifest(store, partition)
    if as_json:
        print_json(rows)
        return
    print_table(
        partition,
        ["path", "outcome", "chunks", "document", "reason"],
        [(r.path, r.outcome, r.chunks, (r.document or "")[:12], r.reason) for r in rows],
    )


def status(as_json: bool = JSON_OPTION) -> None:
    """Show what runs now, and what is live."""
    with open_store(Settings.from_environment()) as store:
        running = store_history.progress(store)
        rows = [row for row in listing.snapshots(store) if row.published]
    if as_json:
        print_json({"running": [_running(row) for row in running], "live": rows})
        return
    if running:
        print_table(
            "running",
            ["partition", "stage", "done", "files", "documents", "chunks", "tokens/s", "remaining", "seen"],
            [
                (r["partition"], r["stage"], f"{r['percent']:.1f} %", f"{r['files_done']:,}/{r['files_total']:,}",
                 r["documents"], r["chunks"], r["tokens_per_second"], duration(r["eta_seconds"]), r["updated_at"])
                for r in map(_running, running)
            ],
        )  # fmt: skip
    else:
        say("nothing runs")
    print_table(
        "live",
        ["type", "partitions", "documents", "chunks", "newest"],
        [
            (t, len(of), sum(r.documents or 0 for r in of), sum(r.chunks or 0 for r in of),
             max(r.published_at for r in of if r.published_at))
            for t in sorted({r.partition.split("/")[0] for r in rows})
            if (of := [r for r in rows if r.partition.split("/")[0] == t])
        ],
    )  # fmt: skip


def _running(row: store_history.ProgressRow) -> dict:
    state = row.state(datetime.now(UTC))
    return {
        "partition": row.partition,
        "stage": row.stage,
        "percent": round(100 * state.share, 2),
        "files_done": row.files_done,
        "files_total": row.files_total,
        "documents": row.documents,
        "chunks": row.chunks,
        "tokens_per_second": round(state.tokens_per_second, 1),
        "eta_seconds": state.remaining_seconds,
        "run_id": row.run_id,
        "host": row.host,
        "pid": row.pid,
        "started_at": row.started_at,
        "updated_at": row.updated_at,
    }


def history(
    partition: str | None = typer.Argument(None, help="TYPE/KEY; all partitions without it."),
    limit: int = typer.Option(50, "--limit", "-n", min=1, help="How many events."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Show what happened: loads, rollbacks and validations, newest first."""
    with open_store(Settings.from_environment()) as store:
        rows = store_history.history(store, partition, limit)
    if as_json:
        print_json(rows)
        return
    print_table(
        "history",
        ["at", "action", "partition", "from", "to", "result", "documents", "embedded", "seconds", "by", "error"],
        [
            (r.at, r.action, r.partition, str(r.from_snapshot or ""), str(r.to_snapshot or ""), r.result,
             r.counts.get("documents"), r.counts.get("embedded"), r.seconds, f"{r.actor}@{r.host}", r.error)
            for r in rows
        ],
    )  # fmt: skip
