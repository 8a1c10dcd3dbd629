"""The first schema: content, snapshots, history, progress, digests and the views that follow the pointer."""

from alembic import op

from doc_assets.store.schema.revision_steps import sql_beside

revision = "0001"
down_revision = None
upgrade = sql_beside(__file__)


def downgrade() -> None:
    """Remove everything that the first revision made; content is lost."""
    op.get_bind().exec_driver_sql("DROP SCHEMA doc_assets CASCADE; CREATE SCHEMA doc_assets")
