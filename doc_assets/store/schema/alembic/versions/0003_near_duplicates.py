"""Near duplicates: signatures of documents, and pairs that are almost the same."""

from doc_assets.store.schema.revision_steps import no_way_back, sql_beside

revision = "0003"
down_revision = "0002"
upgrade = sql_beside(__file__)
downgrade = no_way_back  # links would be lost
