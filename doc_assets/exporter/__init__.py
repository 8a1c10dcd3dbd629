"""``doc-assets exporter``: Prometheus metrics of a store, and progress on the Jobs of Dagster's runs.

``store_reader`` reads the database, ``history_counters`` adds up the history, ``metrics`` documents each metric,
``samples`` fills them from a reading, ``server`` serves them. The SQL is in ``doc_assets.store.history.metrics``, what
is written on Jobs in ``doc_assets.job_progress``; alert rules and the dashboard are in ``k8s/components/monitoring``.
"""
