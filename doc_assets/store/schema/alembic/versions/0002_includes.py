"""What a file was read together with: its includes, and their state."""

from doc_assets.store.schema.revision_steps import no_way_back, sql_beside

revision = "0002"
down_revision = "0001"
upgrade = sql_beside(__file__)
downgrade = no_way_back  # the loads that need it would not know what changed
