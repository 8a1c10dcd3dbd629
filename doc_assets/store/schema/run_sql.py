"""The body of every alembic revision: runs the SQL file beside it, forwards only."""

from __future__ import annotations

from pathlib import Path

from alembic import op


def run_sql(module: str) -> None:
    """Run the SQL file beside a revision; ``module`` is its ``__file__``."""
    # With the driver's cursor: SQLAlchemy would need every % of the file doubled.
    cursor = op.get_bind().connection.cursor()
    cursor.execute(Path(module).with_suffix(".sql").read_text(encoding="utf-8"))
