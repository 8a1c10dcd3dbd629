"""The Dagster project: assets, checks, jobs, schedules, runs, and their connection to the library.

Parsing, embedding and storing are elsewhere; nothing outside of this folder imports dagster. The definitions are built
in ``doc_assets.dagster.build``.
"""
