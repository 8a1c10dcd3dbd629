#!/usr/bin/env bash
# pygal: `import pygal` puts a finder without find_spec into sys.meta_path for good. From then on every import of a module
# that is absent, anywhere in the process, warns of pygal's finder first; where warnings are errors (pytest's
# filterwarnings = error, python -W error), `try: import OPTIONAL except ImportError` does not catch what comes instead.
# From Python 3.12 on, which calls no find_module any more, the warning is gone and so is what the finder was for.
#
# Guess: importing a library of plots leaves later imports as they were.
# Seen on 2026-11-30 with pygal 3.1.3 and Python 3.11.7: the two lines in EXPECTED below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.11 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pygal==3.1.3
cat > "$folder/try.py" <<'PROGRAM'
import sys
import warnings

if sys.argv[1] == "with":
    import pygal  # noqa: F401
warnings.simplefilter("error")
try:
    import a_module_that_is_absent  # noqa: F401
except ImportError as error:
    print(f"{sys.argv[1]}: {type(error).__name__}")
except Warning as warning:
    print(f"{sys.argv[1]}: {type(warning).__name__}: {warning}")
PROGRAM
for how in without with; do "$folder/venv/bin/python" "$folder/try.py" "$how"; done | tee "$folder/seen"
diff - "$folder/seen" <<'EXPECTED'
without: ModuleNotFoundError
with: ImportWarning: PluginImportFixer.find_spec() not found; falling back to find_module()
EXPECTED
