"""Progress on Kubernetes Jobs, where ``kubectl get jobs -L doc-assets/progress`` shows it.

``api`` talks to the API server, ``job_annotations`` says what is written, ``own_job`` writes it from within a plain
Job. ``doc_assets.exporter.run_job_progress`` writes it on the Jobs of Dagster's runs, which Dagster starts.
"""
