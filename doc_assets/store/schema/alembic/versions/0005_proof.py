"""Proof of everything that is stored, fenced loads, and the way back in time."""

from doc_assets.store.schema.run_sql import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs the SQL file beside this module."""
    run_sql(__file__)


def downgrade() -> None:
    """Refused: a program that knows no leases would let two loads write one snapshot."""
    raise NotImplementedError("restore a backup made before the upgrade to go back")
