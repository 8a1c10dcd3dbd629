"""``doc-assets exporter``: what monitoring sees of a store, as Prometheus metrics, and progress on Kubernetes Jobs.

``reading`` asks the database, ``tally`` remembers the history, ``metrics`` names and documents what is told,
``samples`` makes it of a reading, ``server`` answers. What is asked in SQL is in ``doc_assets.store.history.metrics``;
progress on Jobs is in ``doc_assets.cluster``; alert rules and the dashboard are in ``k8s/components/monitoring``.
"""
