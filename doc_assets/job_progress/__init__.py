"""Progress on Kubernetes Jobs, as shown by ``kubectl get jobs -L doc-assets/progress``.

``api`` calls the API server, ``job_annotations`` makes label and annotation, ``own_job`` writes them from within a
plain Job; ``doc_assets.exporter.run_job_progress`` writes them on the Jobs of Dagster's runs.
"""
