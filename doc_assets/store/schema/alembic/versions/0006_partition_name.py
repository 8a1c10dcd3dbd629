"""A partition's name, ``<doc_type>/<key>``, as a column."""

from doc_assets.store.schema.revision_steps import no_way_back, sql_beside

revision = "0006"
down_revision = "0005"
upgrade = sql_beside(__file__)
downgrade = no_way_back  # a program of this revision reads the column
