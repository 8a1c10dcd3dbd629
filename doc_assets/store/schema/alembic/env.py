"""Alembic's entry: runs the revisions on the connection that ``doc_assets.store.schema.schema`` hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="alembic_version", version_table_schema="doc_assets")
context.run_migrations()
