"""The first schema: content, snapshots, history, progress, digests and the views that follow the pointer."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs the SQL file beside this module."""
    # Straight to the driver: SQLAlchemy would have every % of the file doubled.
    cursor = op.get_bind().connection.cursor()
    cursor.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Removes everything that the first revision made; content is lost."""
    op.get_bind().exec_driver_sql("DROP SCHEMA doc_assets CASCADE; CREATE SCHEMA doc_assets")
