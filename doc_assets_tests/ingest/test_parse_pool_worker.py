"""A parse worker imports what parsing needs: each of them costs its memory and time once per CPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# What loading needs around the workers: the database, the vectors and Dagster.
NOT_FOR_PARSING = {"alembic", "dagster", "numpy", "pgvector", "psycopg", "rensa", "sqlalchemy"}
FOUND = f"sorted({NOT_FOR_PARSING!r}.intersection(__import__('sys').modules))"


def test_a_worker_imports_neither_database_nor_vectors_nor_dagster() -> None:
    program = (
        "import doc_assets.ingest.parse_pool as pool; from doc_assets.settings import Settings\n"
        f"pool._start_worker(Settings.from_environment({{}}))\nprint({FOUND})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_a_worker_does_not_import_the_program_that_started_it(tmp_path: Path) -> None:
    """As a console script is: ``multiprocessing`` would run its file again in each worker."""
    program = tmp_path / "command.py"
    program.write_text(
        "import numpy, doc_assets.store.schema.opening\n"
        "if __name__ == '__main__':\n"
        "    from doc_assets.ingest.parse_pool import ParsePool\n"
        "    from doc_assets.settings import Settings\n"
        "    pool = ParsePool(Settings.from_environment({'DOC_ASSETS_THREADS': '1'}))\n"
        "    assert list(pool.parse([])) == []\n"
        f"    print(pool._pool.schedule(eval, args=[{FOUND!r}]).result(), {FOUND} != [])\n"
        "    pool.close()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}  # a script's own folder is in place of ours
    done = subprocess.run(
        [sys.executable, str(program)], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[] True"
