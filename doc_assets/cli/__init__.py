"""``doc-assets``: the commands, one module per group; what they do is in the library.

stdout holds only the result (a table, or JSON with ``--json``); progress, warnings and errors go to stderr. Exit codes:
0 done, 1 failed, 2 misuse.
"""

from doc_assets.cli.app import main

__all__ = ["main"]
