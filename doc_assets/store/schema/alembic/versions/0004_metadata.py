"""How a page's address is made from the path of its file."""

from doc_assets.store.schema.run_sql import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs the SQL file beside this module."""
    run_sql(__file__)


def downgrade() -> None:
    """Refused: addresses would be lost."""
    raise NotImplementedError("restore a backup made before the upgrade to go back")
