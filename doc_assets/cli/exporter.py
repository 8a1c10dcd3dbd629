"""``doc-assets exporter``: metrics for Prometheus."""

from __future__ import annotations

import os
import sys

import typer

from doc_assets.exporter.metrics import PARTITION_LIMIT


def exporter(
    host: str = typer.Option(
        "127.0.0.1", "--host", help="Address to listen on; 0.0.0.0 for a Prometheus on another machine."
    ),
    port: int = typer.Option(9464, "--port", min=0, max=65535, help="Port to listen on; 0 takes a free one."),
    partition_limit: int = typer.Option(
        PARTITION_LIMIT, "--partition-limit", min=1, help="Maximum number of partitions with metrics of their own."
    ),
    job_progress: bool = typer.Option(
        True, "--job-progress/--no-job-progress", help="In a cluster, write progress on the Jobs of Dagster's runs."
    ),
) -> None:
    """Serve /metrics for Prometheus, /healthz and /readyz until SIGTERM; only reads the database."""
    options = ["--host", host, "--port", str(port), "--partition-limit", str(partition_limit)]
    options += [] if job_progress else ["--no-job-progress"]
    # Replaces this process, which has imported 40 MB for other commands.
    os.execv(sys.executable, [sys.executable, "-m", "doc_assets.exporter", *options])  # noqa: S606 - no shell is needed
