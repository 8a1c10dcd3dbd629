"""Print the Debian packages of the programs that are absent; ``make test-services`` installs them."""

from __future__ import annotations

from doc_assets_tests.support.services import PACKAGES, find

print(" ".join(sorted({package for name, package in PACKAGES.items() if find(name) is None})))
