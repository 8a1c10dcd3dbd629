"""The running process: stopping, overlapping stages, progress, logs and child processes.

Nothing here depends on documents, PostgreSQL, Dagster or the command line.
"""
