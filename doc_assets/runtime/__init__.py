"""The running process: how it stops, overlaps stages, reports progress, logs, and ends its children.

Nothing here knows documents, PostgreSQL, Dagster or the command line.
"""
