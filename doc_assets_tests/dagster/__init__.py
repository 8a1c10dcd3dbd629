"""The definitions, their runs, and where Dagster keeps its records."""
