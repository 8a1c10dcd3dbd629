"""pgvector in any schema, and builds of the vector index in the history."""

from doc_assets.store.schema.revision_steps import no_way_back, sql_beside

revision = "0008"
down_revision = "0007"
upgrade = sql_beside(__file__)
downgrade = no_way_back  # events of the vector index would be lost
