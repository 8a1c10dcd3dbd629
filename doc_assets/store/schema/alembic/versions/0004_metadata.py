"""How a page's address is made from the path of its file."""

from doc_assets.store.schema.revision_steps import no_way_back, sql_beside

revision = "0004"
down_revision = "0003"
upgrade = sql_beside(__file__)
downgrade = no_way_back  # addresses would be lost
