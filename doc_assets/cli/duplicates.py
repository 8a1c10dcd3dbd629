"""``doc-assets duplicates``: live files with equal or nearly equal content."""

from __future__ import annotations

import typer

from doc_assets.cli.output import JSON_OPTION, WIDE_OPTION, print_json, print_note, print_table
from doc_assets.cli.partition_options import PARTITION_OPTION, PARTITIONS_ARGUMENT, TYPE_OPTION, all_of
from doc_assets.errors import NotFound, nearest
from doc_assets.settings import Settings
from doc_assets.store.schema.opening import open_for_reading
from doc_assets.store.snapshots import near_duplicate_links
from doc_assets.store.versions import listing


def duplicates(
    names: list[str] = PARTITIONS_ARGUMENT,
    types: list[str] = TYPE_OPTION,
    partitions: list[str] = PARTITION_OPTION,
    threshold: float = typer.Option(0.0, min=0, max=1, help="Only pairs at least this similar, from 0 to 1."),
    as_json: bool = JSON_OPTION,
    wide: bool = WIDE_OPTION,
) -> None:
    """List pairs of live files with equal or nearly equal content, most similar first."""
    partitions = all_of(names, partitions, types)
    with open_for_reading(Settings.from_environment()) as store, store.reading() as connection:
        live = {name for name, _ in listing.live_partitions(connection)}
        pairs = near_duplicate_links.pairs(connection, threshold)
    known_types = {name.split("/")[0] for name in live}
    for name, names_of_kind in [*((one, known_types) for one in types), *((one, live) for one in partitions)]:
        if name not in names_of_kind:
            near = nearest(name, names_of_kind)
            raise NotFound(f"nothing is live of {name}{near}: doc-assets snapshots lists what there is")
    rows = [
        pair
        for pair in pairs
        if (not types or any(name.split("/")[0] in types for name in pair.partitions))
        and (not partitions or any(name in partitions for name in pair.partitions))
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        "duplicates",
        ["similarity", "kind", "file", "and"],
        [(f"{row.similarity:.2f}", "same" if row.same else "near", row.one, row.other) for row in rows],
        first=["file", "and"],
        wide=wide,
    )
    same = sum(row.same for row in rows)
    print_note(f"{same} files with a document that another file has too, {len(rows) - same} pairs of near duplicates")
