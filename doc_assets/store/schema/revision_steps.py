"""What alembic revisions share: going forwards runs the SQL file beside the revision; there is no way back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from alembic import op
from alembic.util import CommandError


def sql_beside(module: str) -> Callable[[], None]:
    """Return a revision's ``upgrade``: it runs the SQL file beside the revision; ``module`` is its ``__file__``."""

    def upgrade() -> None:
        # With the driver's cursor: SQLAlchemy would need every % of the file doubled.
        cursor = op.get_bind().connection.cursor()
        cursor.execute(Path(module).with_suffix(".sql").read_text(encoding="utf-8"))

    return upgrade


def no_way_back() -> NoReturn:
    """Refuse, as ``downgrade`` of every revision but the first.

    Raises:
        CommandError: Always; names the backup.
    """
    raise CommandError("restore a backup made before the upgrade to go back")
