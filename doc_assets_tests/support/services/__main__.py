"""Print the Debian packages of the programs that are absent, of those named or all but the browser's.

``make test-services`` and ``make test-ui`` install them.
"""

from __future__ import annotations

import sys

from doc_assets_tests.support.services import PACKAGES, UI, find

wanted = sys.argv[1:] or [name for name in PACKAGES if name not in UI]
print(" ".join(sorted({PACKAGES[name] for name in wanted if find(name) is None})))
