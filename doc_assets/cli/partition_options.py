"""Arguments and options that choose partitions: ``PARTITION``, ``--partition``, ``--type`` and ``--catalogue``.

Every command takes a partition both ways, and refuses what contradicts itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from doc_assets.errors import nearest
from doc_assets.settings import Settings

if TYPE_CHECKING:
    from doc_assets.catalogue import Catalogue, Partition

CATALOGUE_OPTION = typer.Option(
    None, "--catalogue", "-c", help="Catalogue to use, instead of DOC_ASSETS_CATALOGUE or ./sources.yaml."
)
TYPE_OPTION = typer.Option([], "--type", "-t", help="Only this documentation type; repeatable.")
PARTITION_OPTION = typer.Option([], "--partition", "-p", help="Only this partition, as TYPE/KEY; repeatable.")
AS_OF_OPTION = typer.Option(
    None, "--as-of", metavar="TIME|ID", help="What was live then (a date, a time, or 2h, 3d, 1w ago), or this snapshot."
)
PARTITION_ARGUMENT = typer.Argument(None, metavar="PARTITION", help="TYPE/KEY, as in rust/crate-tokio.")
ONE_PARTITION_OPTION = typer.Option(None, "--partition", "-p", metavar="PARTITION", help="The same as the argument.")
PARTITIONS_ARGUMENT = typer.Argument(
    None, metavar="PARTITION", help="Only these partitions, as TYPE/KEY; the same as --partition."
)


def one_of(argument: str | None, option: str | None, types: Sequence[str] = ()) -> str | None:
    """Return the partition that is given either way, None if it is not given.

    Raises:
        typer.BadParameter: It is given twice, or is of another type than those given.
    """
    if argument is not None and option is not None and argument != option:
        raise typer.BadParameter(f"give one partition: {argument} or {option}", param_hint="--partition")
    given = argument or option
    _require_types_of([] if given is None else [given], types)
    return given


def required(partition: str | None) -> str:
    """Return the partition; raises typer.BadParameter if it is not given."""
    if partition is None:
        raise typer.BadParameter("which partition? Give TYPE/KEY; doc-assets snapshots lists what there is")
    return partition


def all_of(arguments: Sequence[str] | None, options: Sequence[str] | None, types: Sequence[str] = ()) -> list[str]:
    """Return the partitions that are given either way, each once.

    Raises:
        typer.BadParameter: One is of another type than those given.
    """
    given = list(dict.fromkeys([*(arguments or ()), *(options or ())]))
    _require_types_of(given, types)
    return given


def _require_types_of(partitions: Sequence[str], types: Sequence[str]) -> None:
    for name in partitions:
        doc_type, slash, _ = name.partition("/")
        if types and slash and doc_type not in types:
            raise typer.BadParameter(
                f"{name} is of type {doc_type}, not of {' or '.join(types)}: give the partition or the type alone",
                param_hint="--type",
            )


def settings_with(catalogue: Path | None) -> Settings:
    """Return the settings of the environment, with the given catalogue if any."""
    settings = Settings.from_environment()
    return replace(settings, catalogue=catalogue.absolute()) if catalogue else settings


def chosen(
    settings: Settings, types: Sequence[str] | None, names: Sequence[str] | None
) -> tuple[Catalogue, list[Partition]]:
    """Return the catalogue and its partitions that the options name, heaviest first.

    Raises:
        CatalogueError: The catalogue is missing or invalid.
        typer.BadParameter: A type or partition is not in it.
    """
    from doc_assets.catalogue import load_catalogue  # 0.2 s, and a search needs none

    catalogue = load_catalogue(settings.catalogue)
    for doc_type in types or ():
        if doc_type not in catalogue.types:
            raise typer.BadParameter(
                f"no type {doc_type!r} in {settings.catalogue}{nearest(doc_type, catalogue.types)}: it has "
                + ", ".join(catalogue.types)
            )
    wanted = [catalogue.find_partition(_full(catalogue, name, types)).name for name in names or ()]
    return catalogue, [
        partition
        for partition in catalogue.partitions()
        if (not types or partition.doc_type in types) and (not wanted or partition.name in wanted)
    ]


def _full(catalogue: Catalogue, name: str, types: Sequence[str] | None) -> str:
    """Return ``TYPE/KEY`` for a bare key that only one type has."""
    if "/" in name:
        return name
    found = [p.name for p in catalogue.partitions() if p.key == name and (not types or p.doc_type in types)]
    if len(found) > 1:
        raise typer.BadParameter(f"partition {name!r} is in several types: give one of {', '.join(found)}")
    return found[0] if found else name
