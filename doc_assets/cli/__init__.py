"""The command line ``doc-assets``: one module per command or group; the work is done by the library.

stdout holds only the result (a table, or JSON with ``--json``); progress, warnings and errors go to stderr. Exit codes:
0 done, 1 failed, 2 misuse or not found (``doc_assets.errors``), 143 and 130 stopped by SIGTERM and SIGINT.
"""

import atexit
import sys
from gc import freeze, set_threshold  # by themselves: the command's module doc_assets.cli.gc takes the name

from doc_assets.errors import Stopped
from doc_assets.runtime import shutdown, standard_streams


def main() -> None:
    """Run the command line and exit with its code.

    Handles signals before the imports, which take seconds: the kernel drops a SIGTERM for which a container's first
    process has no handler.
    """
    standard_streams.hold_standard_streams()
    set_threshold(50_000)  # a search imports 60,000 objects that stay, of which each 700 were looked through again
    atexit.register(freeze)  # at its end Python looks for cycles among all of them, a tenth of the CPU of a search
    with shutdown.handling_signals():
        try:
            from doc_assets.cli.app import main as run
        except Stopped:
            sys.exit(shutdown.exit_code())
        run()
