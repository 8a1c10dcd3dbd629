"""The table of commands: name, panel of the help, where the command is, and its sentence in the help.

``doc-assets --help`` and completion read this table and import no command: all of them take a second.
"""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where a command is.

    Attributes:
        panel: Panel of the help.
        module: Module in this package.
        member: Its function, or its ``typer.Typer``.
        summary: What it does, in one sentence: the first of its own help.
    """

    panel: str
    module: str
    member: str
    summary: str


# Commands that do nothing without asking the database.
ASKING = (
    *("search", "fetch", "resolve", "evaluate", "status", "history", "snapshots", "show", "diff", "manifest"),
    *("duplicates", "spaces", "validate"),
)
COMMANDS = {
    "plan": Place(
        "Load", "plan", "plan", "Show what a load would do and how long it would take; changes nothing that is stored."
    ),
    "migrate": Place(
        "Load",
        "migrate",
        "migrate",
        "Load changed partitions: discover, parse, chunk, embed, audit and publish through Dagster.",
    ),
    "validate": Place(
        "Load",
        "validate",
        "validate",
        "Audit what is live: recompute every checksum, count and reference from what PostgreSQL holds.",
    ),
    "rollback": Place(
        "Load", "rollback", "rollback", "Publish earlier snapshots again, all or none, after proving their digests."
    ),
    "retire": Place(
        "Load",
        "retire",
        "retire",
        "Take partitions down, all or none: readers see nothing of them; rollback publishes them again.",
    ),
    "discard": Place(
        "Load", "rollback", "discard", "Discard snapshots that were never published: unfinished or rejected ones."
    ),
    "gc": Place("Load", "gc", "gc", "Remove old snapshots and the content only they held; what is live always stays."),
    "webhook": Place(
        "Load",
        "webhook",
        "webhook",
        "Take signed pushes of GitHub, GitLab and others until SIGTERM, and have their partitions loaded.",
    ),
    "search": Place(
        "Search",
        "search",
        "search",
        "Search live content, or that of an earlier time; prints the best chunks of each document.",
    ),
    "fetch": Place("Search", "fetch", "fetch", "Print a document as Markdown, or a page of it."),
    "resolve": Place(
        "Search",
        "fetch",
        "resolve",
        "Find the sources that a name means, with their versions; typing mistakes are forgiven.",
    ),
    "serve": Place(
        "Search",
        "serve",
        "serve",
        "Serve the search page, the API, and MCP under /mcp, until SIGTERM; only reads the database.",
    ),
    "mcp": Place(
        "Search", "mcp", "mcp", "Serve search to an assistant over stdin and stdout (MCP); only reads the database."
    ),
    "evaluate": Place(
        "Search",
        "evaluate",
        "evaluate",
        "Measure search quality: is the right document found, and the right chunk of it shown?",
    ),
    "status": Place(
        "Inspect",
        "status",
        "status",
        "Show running, waiting and failed loads, and what is live; only reads the database.",
    ),
    "exporter": Place(
        "Inspect",
        "exporter",
        "exporter",
        "Serve /metrics for Prometheus, /healthz and /readyz until SIGTERM; only reads the database.",
    ),
    "history": Place(
        "Inspect",
        "history",
        "history",
        "Show who changed what and when, how long it took and which errors occurred; newest first.",
    ),
    "snapshots": Place(
        "Inspect", "snapshots", "snapshots", "List snapshots and the times at which they were live, newest first."
    ),
    "show": Place(
        "Inspect",
        "snapshots",
        "show",
        "Describe one snapshot, and recompute its digest and seal; exit code 1 if they differ.",
    ),
    "diff": Place(
        "Inspect",
        "diff",
        "diff",
        "Compare two snapshots: documents added, changed, removed or moved, with their chunks.",
    ),
    "manifest": Place(
        "Inspect", "snapshots", "manifest", "List the files of a live or earlier snapshot, with outcomes and reasons."
    ),
    "duplicates": Place(
        "Inspect",
        "duplicates",
        "duplicates",
        "List pairs of live files with equal or nearly equal content, most similar first.",
    ),
    "embedder": Place("Inspect", "embedder", "app", "Examine the configured embedder."),
    "spaces": Place("Inspect", "spaces", "app", "List embedding spaces with their vectors and live partitions."),
    "quarantine": Place("Inspect", "quarantine", "app", "List, explain and retry rejected files."),
    "catalogue": Place(
        "Set up", "catalogue", "app", "Write or check the catalogue of sources, or write its JSON schema."
    ),
    "db": Place("Set up", "db", "app", "Set up, check or locate the database."),
    "settings": Place(
        "Set up",
        "settings",
        "settings",
        "Print each setting, its value, and where that is from; a secret is shown as ***.",
    ),
    "doctor": Place(
        "Set up",
        "doctor",
        "doctor",
        "Examine machine, database, model, home, sources, Dagster and cluster; write nothing.",
    ),
}
