"""Words of text search that no locale changes; keywords and acronyms among them."""

from doc_assets.store.schema.revision_steps import no_way_back, sql_beside

revision = "0009"
down_revision = "0008"
upgrade = sql_beside(__file__)
downgrade = no_way_back  # a program of this revision asks for lexemes that older vectors lack
