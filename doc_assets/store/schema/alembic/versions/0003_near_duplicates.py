"""Near duplicates: signatures of documents, and pairs that are almost the same."""

from doc_assets.store.schema.run_sql import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs the SQL file beside this module."""
    run_sql(__file__)


def downgrade() -> None:
    """Refused: links would be lost."""
    raise NotImplementedError("restore a backup made before the upgrade to go back")
