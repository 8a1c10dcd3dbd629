"""``doc-assets history``: who changed what when, for people, for programs, and for an audit."""

from __future__ import annotations

import typer

from doc_assets.cli.output import JSON_OPTION, print_json, print_json_line, print_note, print_table
from doc_assets.settings import Settings
from doc_assets.store.history import history as events
from doc_assets.store.history.history import HistoryFilter, HistoryRow
from doc_assets.store.schema.opening import open_store
from doc_assets.store.versions.references import parse_moment

# What a table or an array holds unless told otherwise; lines are streamed, so they hold everything.
_SHOWN = 50


def _known(actions: list[str]) -> list[str]:
    for action in actions:
        if action not in events.ACTIONS:
            raise typer.BadParameter(f"{action!r} is none of {', '.join(events.ACTIONS)}")
    return actions


def history(
    partition: str | None = typer.Argument(None, help="TYPE/KEY; all partitions without it."),
    types: list[str] = typer.Option([], "--type", "-t", help="Only this documentation type; repeatable."),
    actions: list[str] = typer.Option(
        [], "--action", "-a", callback=_known, help=f"Only this action ({', '.join(events.ACTIONS)}); repeatable."
    ),
    run: str | None = typer.Option(None, "--run", help="Only this Dagster run; the beginning of its id will do."),
    since: str | None = typer.Option(None, "--since", help="Not before: a time, or how long ago, as in 3d."),
    until: str | None = typer.Option(None, "--until", help="Before this time."),
    failed: bool = typer.Option(False, "--failed", help="Only what failed, was rejected or refused."),
    limit: int | None = typer.Option(None, "--limit", "-n", min=1, help="How many events: 50, all as JSON lines."),
    as_json: bool = JSON_OPTION,
    json_lines: bool = typer.Option(False, "--json-lines", help="Print one JSON object per line, as it is read."),
) -> None:
    """Show who changed what when, from what to what, how fast and with which errors; newest first."""
    only = HistoryFilter(
        partition,
        tuple(types),
        tuple(actions),
        run,
        parse_moment(since) if since else None,
        parse_moment(until) if until else None,
        failed,
    )
    with open_store(Settings.from_environment()) as store:
        if json_lines:
            with store.connect("doc-assets history") as connection:
                for row in events.stream(connection, only, limit):
                    print_json_line(row)
            return
        rows = events.history(store, only, limit or _SHOWN)
    if as_json:
        print_json(rows)
        return
    if not rows:
        print_note("nothing of that happened here")
    print_table(
        "history",
        ["at", "action", "partition", "from", "to", "result", "documents", "embedded", "seconds", "docs/min", "run",
         "by", "error"],
        [
            (r.at, r.action, r.partition, *_change(r), r.result, r.counts.get("documents"), r.counts.get("embedded"),
             r.seconds, r.documents_per_minute, (r.run_id or "")[:8], f"{r.actor}@{r.host}", r.error)
            for r in rows
        ],
    )  # fmt: skip


def _change(row: HistoryRow) -> tuple[str, str]:
    """From what to what: snapshots, or revisions of the schema."""
    if row.action == "upgrade":
        return str(row.counts.get("from", "")), str(row.counts.get("to", ""))
    return str(row.from_snapshot or ""), str(row.to_snapshot or "")
