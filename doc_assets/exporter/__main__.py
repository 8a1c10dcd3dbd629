"""``python -m doc_assets.exporter``: the process of ``doc-assets exporter``, without the 40 MB that the CLI imports."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Callable

from doc_assets.errors import DocAssetsError
from doc_assets.exporter.metrics import PARTITION_LIMIT
from doc_assets.exporter.run_job_progress import RunJobs
from doc_assets.exporter.server import ExporterServer
from doc_assets.exporter.store_reader import StoreReader
from doc_assets.job_progress.api import JobApi
from doc_assets.runtime import log_context
from doc_assets.runtime.masked_output import mask_worker_output
from doc_assets.runtime.visible_text import visible
from doc_assets.settings import ClusterSettings, LogSettings, Settings
from doc_assets.store.database.url import database_url

_log = logging.getLogger("doc_assets.exporter")


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    options = _options()
    mask_worker_output()
    log_context.configure(LogSettings.from_environment())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = Settings.from_environment()
        reader = StoreReader(database_url(settings, create=False))
        server = ExporterServer(
            options.host,
            options.port,
            reader,
            settings,
            partition_limit=options.partition_limit,
            job_failures=_start_job_progress(reader, stop) if options.job_progress else None,
        )
        threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
        _log.info("serving on %s port %s", options.host, server.server_port)
        stop.wait()
        server.shutdown()
        reader.close()
    except (DocAssetsError, OSError) as error:
        print(visible(f"error: {error}"), file=sys.stderr)
        sys.exit(error.exit_code if isinstance(error, DocAssetsError) else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="doc-assets exporter")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9464)
    parser.add_argument("--partition-limit", type=int, default=PARTITION_LIMIT)
    parser.add_argument("--no-job-progress", dest="job_progress", action="store_false")
    return parser.parse_args()


def _start_job_progress(reader: StoreReader, stop: threading.Event) -> Callable[[], int] | None:
    """Start writing progress on Jobs; return a getter of the failure count, None outside a cluster."""
    cluster = ClusterSettings.from_environment()
    if cluster.api is None:
        return None
    jobs = RunJobs(JobApi(cluster), reader)
    threading.Thread(target=jobs.run, args=(stop,), name="jobs", daemon=True).start()
    return lambda: jobs.failures


if __name__ == "__main__":
    main()
