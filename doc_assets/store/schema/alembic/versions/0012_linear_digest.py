"""The digest of a new snapshot, in a time that grows with its rows and not with their square."""

from __future__ import annotations

from doc_assets.store.schema.revision_steps import no_way_back, sql_beside

revision = "0012"
down_revision = "0011"
upgrade = sql_beside(__file__)
downgrade = no_way_back
