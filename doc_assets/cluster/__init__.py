"""Progress on Kubernetes Jobs, where ``kubectl get jobs -L doc-assets/progress`` shows it.

``api`` talks to the API server, ``marks`` says what is written, ``own_job`` writes it from within a plain Job, and
``run_jobs`` from the exporter for the Jobs of Dagster's runs. Starting Jobs is Dagster's business (``k8s/base``).
"""
