"""``doc-assets status``: what runs now, and what is live."""

from __future__ import annotations

from datetime import UTC, datetime

from doc_assets.cli.output import JSON_OPTION, print_json, print_table, say
from doc_assets.progress import duration
from doc_assets.settings import Settings
from doc_assets.store import history as store_history
from doc_assets.store import listing, open_store


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
