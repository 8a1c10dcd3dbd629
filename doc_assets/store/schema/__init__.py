"""The database schema: revisions, upgrades, roles, drift, and opening a store."""
