"""Retiring a partition as an action of the history."""

from doc_assets.store.schema.revision_steps import no_way_back, sql_beside

revision = "0007"
down_revision = "0006"
upgrade = sql_beside(__file__)
downgrade = no_way_back  # the history may hold the action, and its rows stay
