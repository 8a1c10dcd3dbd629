"""The words of revision 0009, computed in half the time."""

from __future__ import annotations

from doc_assets.store.schema.revision_steps import no_way_back, sql_beside

revision = "0011"
down_revision = "0010"
upgrade = sql_beside(__file__)
downgrade = no_way_back
