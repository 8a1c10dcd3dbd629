"""``doc-assets history``: the append-only record of changes, as a table, JSON or JSON lines; a run's report."""

from __future__ import annotations

from pathlib import Path

import typer

from doc_assets.cli.output import JSON_OPTION, WIDE_OPTION, print_json, print_json_line, print_note, print_table
from doc_assets.cli.partition_options import ONE_PARTITION_OPTION, TYPE_OPTION, one_of
from doc_assets.cli.report_file import require_writable, write_report
from doc_assets.settings import Settings
from doc_assets.store.history import history as events
from doc_assets.store.history.history import HistoryFilter, HistoryRow
from doc_assets.store.schema.opening import open_for_reading
from doc_assets.store.versions.references import parse_moment

_SHOWN = 50  # default limit; JSON lines are streamed, so they have none


def _known(actions: list[str]) -> list[str]:
    for action in actions:
        if action not in events.ACTIONS:
            raise typer.BadParameter(f"{action!r} is none of {', '.join(events.ACTIONS)}")
    return actions


def history(
    partition: str | None = typer.Argument(None, metavar="PARTITION", help="TYPE/KEY; default all partitions."),
    named: str | None = ONE_PARTITION_OPTION,
    types: list[str] = TYPE_OPTION,
    actions: list[str] = typer.Option(
        [], "--action", "-a", callback=_known, help=f"Only this action ({', '.join(events.ACTIONS)}); repeatable."
    ),
    run: str | None = typer.Option(None, "--run", help="Only this run; a prefix of its id is enough."),
    since: str | None = typer.Option(None, "--since", help="Only events since this time, or this long ago, as in 3d."),
    until: str | None = typer.Option(None, "--until", help="Only events before this time."),
    failed: bool = typer.Option(False, "--failed", help="Only failed, rejected or refused events."),
    limit: int | None = typer.Option(None, "--limit", "-n", min=1, help="Maximum number; 50, or all as JSON lines."),
    report: str | None = typer.Option(
        None, "--report", metavar="RUN", help="Write a page of HTML about one run: its id or the beginning, or latest."
    ),
    output: Path | None = typer.Option(
        None, "--output", "-o", metavar="FILE", help="File of the report; default stdout, if that is no terminal."
    ),
    as_json: bool = JSON_OPTION,
    json_lines: bool = typer.Option(False, "--json-lines", help="Stream one JSON object per line."),
    wide: bool = WIDE_OPTION,
) -> None:
    """Show who changed what and when, how long it took and which errors occurred; newest first."""
    if report is not None:
        given = (partition, named, run, since, until, limit, *types, *actions)
        if any(one is not None for one in given) or failed or as_json or json_lines:
            raise typer.BadParameter("--report is of one run, whole: leave out the other options but -o")
        if output is not None:
            require_writable(output, "--output")
        with open_for_reading(Settings.from_environment()) as store:
            return write_report(store, report, output)
    if output is not None:
        raise typer.BadParameter("-o names the file of a report: give --report RUN, too", param_hint="--output")
    begin, end = parse_moment(since) if since else None, parse_moment(until) if until else None
    only = HistoryFilter(one_of(partition, named, types), tuple(types), tuple(actions), run, begin, end, failed)
    with open_for_reading(Settings.from_environment()) as store:
        if json_lines:
            with store.reading("doc-assets history") as connection:
                for row in events.stream(connection, only, limit):
                    print_json_line(row)
            return
        rows = events.history(store, only, limit or _SHOWN)
    if as_json:
        print_json(rows)
        return
    if not rows:
        print_note("the history has no such event")
    print_table(
        "history",
        ["at", "action", "partition", "result", "by", "from", "to", "documents", "embedded", "seconds", "docs/min",
         "run", "error"],
        [
            (r.at, r.action, r.partition, r.result, r.who, *_change(r), r.counts.get("documents"),
             r.counts.get("embedded"), r.seconds, r.documents_per_minute, (r.run_id or "")[:8], r.error)
            for r in rows
        ],
        first=["at", "action", "partition", "result"],
        below="error",
        wide=wide,
    )  # fmt: skip


def _change(row: HistoryRow) -> tuple[str, str]:
    """Return the snapshots, or schema revisions, before and after."""
    if row.action == "upgrade":
        return str(row.counts.get("from", "")), str(row.counts.get("to", ""))
    return str(row.from_snapshot or ""), str(row.to_snapshot or "")
