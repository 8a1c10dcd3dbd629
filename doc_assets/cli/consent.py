"""Consent to what takes live documents away: by ``--yes``, or by a person at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection

import typer

from doc_assets.cli.output import ask
from doc_assets.errors import Refused
from doc_assets.store.versions.rollback import Rollback, WouldTakeDown

YES_OPTION = typer.Option(False, "--yes", "-y", help="Take live partitions down without asking, as in a Job.")


def with_consent(move: Callable[[Collection[str] | None], Rollback], *, yes: bool) -> Rollback:
    """Return what ``move`` did; it gets the partitions that may be left with nothing live, None for any.

    Nothing is locked while a person thinks: the answer covers the partitions that were named, and others that would go
    down by then are asked about in their turn.

    Raises:
        Refused: A live partition would be taken down, and nobody said yes.
    """
    agreed: Collection[str] | None = None if yes else ()
    while True:
        try:
            return move(agreed)
        except WouldTakeDown as refused:
            if sys.stdin is None or not sys.stdin.isatty():  # None: closed
                raise Refused(f"{refused}; nothing was moved: --dry-run lists all, --yes does it") from refused
            if not ask(f"{refused}. Take them down?"):
                raise Refused("nothing was moved: the answer was not yes") from refused
            agreed = refused.partitions
