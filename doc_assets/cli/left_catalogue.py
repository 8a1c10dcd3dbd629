"""Notes on what is live and the catalogue lacks: partitions that left it, crates that others re-export."""

from __future__ import annotations

from collections.abc import Sequence

from doc_assets.cli.output import print_note
from doc_assets.store.partitions.crate_fronts import CrateFront
from doc_assets.store.partitions.left_catalogue import LeftPartition

_SHOWN = 20  # partitions with a line of their own


def note_at_start(left: Sequence[LeftPartition]) -> None:
    """Print one line about the live partitions that left the catalogue, before a load that says more at its end."""
    if left:
        shown = ", ".join(one.partition for one in left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
        print_note(f"live, but not in the catalogue: {shown}; {_command(left)} takes that down")


def _command(left: Sequence[LeftPartition]) -> str:
    return left[0].command if len(left) == 1 else "doc-assets retire --left-catalogue"


def note_left_catalogue(left: Sequence[LeftPartition]) -> None:
    """Print a line for each live partition that left the catalogue, with the command that takes it down."""
    for one in left[:_SHOWN]:
        print_note(f"warning: {one}")
    if len(left) > _SHOWN:
        print_note(f"warning: {len(left) - _SHOWN:,} more left the catalogue: doc-assets status lists them")
    if len(left) > 1:
        print_note(f"{_command(left)} takes all of them down")


def note_crate_fronts(fronts: Sequence[CrateFront]) -> None:
    """Print a line for each live crate that only re-exports crates which the catalogue lacks."""
    for one in fronts[:_SHOWN]:
        print_note(f"warning: {one}")
