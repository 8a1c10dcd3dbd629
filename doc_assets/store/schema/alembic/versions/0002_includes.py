"""What a file was read together with: its includes, and their state."""

from doc_assets.store.schema.run_sql import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs the SQL file beside this module."""
    run_sql(__file__)


def downgrade() -> None:
    """Refused: the loads that need it would not know what changed."""
    raise NotImplementedError("restore a backup made before the upgrade to go back")
