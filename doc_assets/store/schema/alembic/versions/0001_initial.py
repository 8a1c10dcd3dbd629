"""The first schema: content, snapshots, history, progress, digests and the views that follow the pointer."""

from alembic import op

from doc_assets.store.schema.run_sql import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs the SQL file beside this module."""
    run_sql(__file__)


def downgrade() -> None:
    """Removes everything that the first revision made; content is lost."""
    op.get_bind().exec_driver_sql("DROP SCHEMA doc_assets CASCADE; CREATE SCHEMA doc_assets")
