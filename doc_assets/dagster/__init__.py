"""doc-assets as Dagster sees it: assets, checks, jobs, schedules, and what connects them to the library.

Nothing here knows how a document is parsed, embedded or stored; nothing outside of this folder imports dagster. The
pieces are put together in ``doc_assets.dagster.build``.
"""
