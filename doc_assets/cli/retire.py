"""``doc-assets retire``: take partitions down, which readers see nothing of from then on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import typer

from doc_assets.catalogue import Catalogue, load_catalogue
from doc_assets.cli.consent import YES_OPTION, with_consent
from doc_assets.cli.output import JSON_OPTION, print_json, print_note, print_table
from doc_assets.cli.partition_options import CATALOGUE_OPTION, PARTITION_OPTION, all_of, settings_with
from doc_assets.errors import CatalogueError
from doc_assets.runtime import termination_message
from doc_assets.settings import Settings
from doc_assets.store.partitions.left_catalogue import names_to_retire
from doc_assets.store.schema import schema
from doc_assets.store.schema.opening import open_store
from doc_assets.store.versions.retirement import retire as take_down
from doc_assets.store.versions.rollback import Rollback


def retire(
    partitions: list[str] = typer.Argument(
        None,
        metavar="PARTITION",
        help="TYPE/KEY, as in rust/crate-tokio, or a glob, as in 'rust/book*'.",
    ),
    named: list[str] = PARTITION_OPTION,
    left: bool = typer.Option(False, "--left-catalogue", help="Every live partition that the catalogue does not list."),
    catalogue: Path | None = CATALOGUE_OPTION,
    dry_run: bool = typer.Option(False, "--dry-run", help="Print what would be taken down; change nothing."),
    yes: bool = YES_OPTION,
    as_json: bool = JSON_OPTION,
) -> None:
    """Take partitions down, all or none: readers see nothing of them; rollback publishes them again.

    It needs a yes at the terminal, or --yes.
    """
    termination_message.begin("retire")
    partitions = all_of(partitions, named)
    if bool(partitions) == left:
        raise typer.BadParameter("what is to be taken down? Give partitions (TYPE/KEY) or globs, or --left-catalogue")
    settings = settings_with(catalogue)
    listed = load_catalogue(settings.catalogue) if left else _catalogue_if_any(settings)
    with open_store(settings, create=False) as store:
        names = tuple(partitions)
        if left and listed:
            with store.connect("doc-assets retire") as connection:
                names = names_to_retire(connection, listed)
        done = Rollback("", [], 0.0)
        if names:
            done = with_consent(
                lambda agreed: take_down(store, names, dry_run=dry_run, may_take_down=agreed), yes=yes or dry_run
            )
    moved = [row for row in done.partitions if row.result != "unchanged"]
    run_id = done.run_id if moved and not dry_run else None
    termination_message.add_facts(
        schema_revision=schema.head(), run=run_id, partitions=Counter(row.result for row in done.partitions)
    )
    if as_json:
        rows = [
            {"partition": row.partition, "from": row.from_snapshot, "result": row.result} for row in done.partitions
        ]
        print_json({"run_id": run_id, "dry_run": dry_run, "seconds": round(done.seconds, 4), "partitions": rows})
    elif not names:
        print_note(f"nothing that is live left {settings.catalogue}")
    else:
        print_table(
            "retire (dry run)" if dry_run else "retire",
            ["partition", "snapshot", "result"],
            [(row.partition, str(row.from_snapshot or ""), _WORDS[row.result]) for row in done.partitions],
        )
        print_note(f"{len(moved)} of {len(done.partitions)} partitions {'would be' if dry_run else 'are'} taken down")
    if run_id:
        print_note(
            f"doc-assets rollback --run {run_id[:8]} undoes it; doc-assets gc --keep 0 -p PARTITION frees the space"
        )
    _warn_of_listed([row.partition for row in moved], listed)


_WORDS = {"unpublished": "taken down", "unchanged": "nothing was live"}


def _catalogue_if_any(settings: Settings) -> Catalogue | None:
    try:
        return load_catalogue(settings.catalogue)
    except CatalogueError:
        return None  # only needed for a warning


def _warn_of_listed(taken_down: Sequence[str], catalogue: Catalogue | None) -> None:
    """Warn of partitions that the next load publishes again, since the catalogue lists them."""
    listed = {partition.name for partition in catalogue.partitions()} if catalogue else set()
    if again := [name for name in taken_down if name in listed]:
        shown = ", ".join(again[:3]) + (f" and {len(again) - 3} more" if len(again) > 3 else "")
        print_note(
            f"warning: still in the catalogue, so that the next doc-assets migrate publishes it again: {shown}; remove "
            "the source there"
        )
