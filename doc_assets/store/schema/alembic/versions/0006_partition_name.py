"""A partition's name, ``<doc_type>/<key>``, as a column."""

from doc_assets.store.schema.run_sql import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL file beside this module."""
    run_sql(__file__)


def downgrade() -> None:
    """Refuse: a program of the new revision reads the column."""
    raise NotImplementedError("restore a backup made before the upgrade to go back")
