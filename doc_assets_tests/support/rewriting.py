"""Write the bytecode of the tests with assertions as pytest rewrites them: else each of its processes does it all.

What it calls of pytest is not public. If a release of pytest takes it away, this fails by name and is left out; nothing
but time depends on it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from _pytest.assertion import AssertionState
from _pytest.assertion.rewrite import PYC_TAIL, _rewrite_test, _write_pyc, get_cache_dir
from _pytest.config import get_config


def main(folder: Path) -> None:
    """Write it for all modules of tests, and of their fixtures, below a folder."""
    config = get_config()
    state = AssertionState(config, "rewrite")
    for file in (*folder.rglob("test_*.py"), *folder.rglob("conftest.py")):
        cache = get_cache_dir(file.absolute())
        cache.mkdir(exist_ok=True)
        status, code = _rewrite_test(file.absolute(), config)
        _write_pyc(state, code, status, cache / f"{file.stem}{PYC_TAIL}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
