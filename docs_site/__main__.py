"""``python -m docs_site build`` builds the site, ``python -m docs_site reference`` writes what is made of the code."""

from __future__ import annotations

import sys

from docs_site.build import build
from docs_site.reference import COMMITTED, ROOT

match sys.argv[1:]:
    case ["build"]:
        sys.exit(build())
    case ["reference"]:
        for name, made in COMMITTED.items():
            (ROOT / name).write_text(made(), encoding="utf-8")
    case _:
        sys.exit(__doc__)
