"""Proof of everything that is stored, fenced loads, and the way back in time."""

from doc_assets.store.schema.revision_steps import no_way_back, sql_beside

revision = "0005"
down_revision = "0004"
upgrade = sql_beside(__file__)
downgrade = no_way_back  # a program that knows no leases would let two loads write one snapshot
