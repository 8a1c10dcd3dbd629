"""The database schema: revisions, roles, what shape is expected, and opening a store that has it."""
