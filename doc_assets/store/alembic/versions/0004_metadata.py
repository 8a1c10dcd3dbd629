"""How a page's address is made from the path of its file."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Runs the SQL file beside this module."""
    # Straight to the driver: SQLAlchemy would have every % of the file doubled.
    cursor = op.get_bind().connection.cursor()
    cursor.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refused: addresses would be lost."""
    raise NotImplementedError("restore a backup made before the upgrade to go back")
