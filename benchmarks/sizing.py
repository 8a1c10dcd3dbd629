"""Documents a minute by pods and cores: ``doc-assets migrate --slice`` as an Indexed Job runs it, on this machine.

Each "pod" is a process pinned to cores of its own; all load their shares of the same catalogue into one blank database.
PostgreSQL shares the machine with them, unpinned, unless a URL is given.

    python -m benchmarks.sizing --catalogue sources.mine.yaml --limit 10 1x1 1x2 2x1

After 1x1, ``efficiency`` is a shape's rate divided by that of 1x1 times its cores: 1x1 and 1x2 say what the second core
of a pod is worth.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from doc_assets.store.database.embedded import embedded_url
from doc_assets.store.schema import schema


def main() -> None:
    """Prints one JSON object per shape."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shapes", nargs="+", metavar="PODSxCORES")
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="files of each partition at most")
    parser.add_argument("--parallel", default="auto", metavar="N|auto", help="partitions at a time in each pod")
    parser.add_argument("--url", help="PostgreSQL whose role may create databases; an embedded one by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sizing-") as folder:
        server = options.url or embedded_url(Path(folder))
        alone = None
        for number, shape in enumerate(options.shapes):
            pods, cores = map(int, shape.split("x"))
            url = _blank_database(server, f"sizing_{os.getpid()}_{number}")
            found = _measured(pods, cores, url, Path(folder), options)
            alone = found["documents_per_minute"] if (pods, cores) == (1, 1) else alone
            if alone:
                found["efficiency"] = round(found["documents_per_minute"] / (alone * pods * cores), 3)
            print(json.dumps(found), flush=True)
            with psycopg.connect(server, autocommit=True) as connection:
                name = sql.Identifier(f"sizing_{os.getpid()}_{number}")
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _blank_database(server: str, name: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = make_conninfo(server, dbname=name)
    schema.upgrade(url)
    return url


def _measured(pods: int, cores: int, url: str, home: Path, options: argparse.Namespace) -> dict:
    usable = sorted(os.sched_getaffinity(0))
    if pods * cores > len(usable):
        raise SystemExit(f"{pods} pods of {cores} cores need {pods * cores} cores; this machine has {len(usable)}")
    limit = ["--limit", str(options.limit)] if options.limit else []
    started = time.perf_counter()
    running = []
    for index in range(pods):
        mine = set(usable[index * cores : (index + 1) * cores])
        running.append(
            subprocess.Popen(  # noqa: S603 - our own command
                [str(Path(sys.executable).with_name("doc-assets")), "migrate", "--json", "--parallel", options.parallel,
                 *limit, "--slice", f"{index}/{pods}"],
                env={
                    **os.environ,
                    "DOC_ASSETS_CATALOGUE": str(options.catalogue.absolute()),
                    "DOC_ASSETS_DATABASE_URL": url,
                    "DOC_ASSETS_HOME": str(home / f"pod-{index}"),
                    "DOC_ASSETS_THREADS": str(cores),
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                preexec_fn=lambda mine=mine: os.sched_setaffinity(0, mine),
            )
        )  # fmt: skip
    printed = [json.loads(pod.communicate()[0]) for pod in running]
    totals = [pod["totals"] for pod in printed]
    seconds = time.perf_counter() - started
    documents, tokens = (sum(total[name] for total in totals) for name in ("documents", "tokens_embedded"))
    return {
        "pods": pods,
        "cores_per_pod": cores,
        "documents": documents,
        "seconds": round(seconds, 1),
        "documents_per_minute": round(documents * 60 / seconds, 1),
        "tokens_per_second": round(tokens / seconds),
        "busy": [pod["busy"] for pod in printed],
        "peak_rss_bytes_per_pod": max(total["peak_rss_bytes"] for total in totals),
    }


if __name__ == "__main__":
    main()
