"""How busy the stages of a running load are, and what waits between them."""

from doc_assets.store.schema.revision_steps import no_way_back, sql_beside

revision = "0010"
down_revision = "0009"
upgrade = sql_beside(__file__)
downgrade = no_way_back
