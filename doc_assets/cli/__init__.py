"""``doc-assets``: the commands, one module per group; what they do is in the library.

stdout holds only the result (a table, or JSON with ``--json``); progress, warnings and errors go to stderr. Exit codes:
0 done, 1 failed, 2 misuse or not found (``doc_assets.errors``), 143 and 130 stopped by SIGTERM and SIGINT.
"""

import sys

from doc_assets.errors import Stopped
from doc_assets.runtime import shutdown


def main() -> None:
    """Runs the command line and exits with its code.

    Signals are heeded from the first moment: importing takes seconds, and the kernel drops a SIGTERM that the first
    process of a container has no handler for.
    """
    with shutdown.handling_signals():
        try:
            from doc_assets.cli.app import main as run
        except Stopped:
            sys.exit(shutdown.exit_code())
        run()
