"""Outside programs that some tests start: where they are, and the Debian packages that hold them.

A test is marked with what it needs: ``@pytest.mark.services("pgbouncer")``. Where a program is absent the test is
skipped with the name of its package; ``make test-services`` installs all of them and then skips none.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Final

# By the name that tests use; each is the name of a program, and of the package of Debian that holds it. Whoever needs
# another one adds a line here, and its place to PLACES if it is outside the usual folders.
PACKAGES: Final = {
    "pgbouncer": "pgbouncer",
    "git-lfs": "git-lfs",
    "nginx": "nginx-light",
    "fcgiwrap": "fcgiwrap",
    "postgresql-15": "postgresql-15",
    "locales": "locales",
    "chromium": "chromium",
}
# Of `make test-ui` alone, with the packages of the extra `ui`.
UI: Final = ("chromium",)
UI_MODULES: Final = ("playwright", "axe_playwright_python")
PLACES: Final = {
    "postgresql-15": Path("/usr/lib/postgresql/15/bin/postgres"),
    "locales": Path("/usr/share/i18n/locales/tr_TR"),
}
# Daemons are in folders that the PATH of a plain user lacks.
_FOLDERS: Final = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


def find(name: str) -> Path | None:
    """Return the path of a program of ``PACKAGES``, None if it is absent."""
    if name not in PACKAGES:
        raise KeyError(f"{name}: add it to doc_assets_tests/support/services, with the package that holds it")
    if name in PLACES:
        return PLACES[name] if PLACES[name].exists() else None
    found = shutil.which(name, path=_FOLDERS)
    return Path(found) if found else None


def program(name: str) -> Path:
    """Return the path of a program that the test's mark names, and that is therefore present."""
    found = find(name)
    if found is None:
        raise LookupError(f"{name} is absent: the test needs @pytest.mark.services({name!r})")
    return found


def absent_for_ui() -> str | None:
    """Return the reason for skipping a test in a browser, None if all it needs is present."""
    missing = [name for name in UI_MODULES if importlib.util.find_spec(name) is None]
    missing += [name for name in UI if find(name) is None]
    return f"needs {', '.join(missing)}: make test-ui installs it" if missing else None


def absent(names: tuple[str, ...]) -> str | None:
    """Return the reason for skipping a test that needs these programs, None if all are present."""
    missing = [name for name in names if find(name) is None]
    if not missing:
        return None
    packages = " ".join(sorted({PACKAGES[name] for name in missing}))
    return f"needs {', '.join(missing)}: make test-services installs it, or apt-get install {packages}"
