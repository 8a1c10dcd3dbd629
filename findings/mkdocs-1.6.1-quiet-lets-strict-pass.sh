#!/usr/bin/env bash
# MkDocs 1.6.1: `mkdocs build --strict --quiet` exits 0 with links and anchors that lead nowhere. --strict counts the warnings
# that reach a handler of its logger; --quiet raises the level of that logger to errors, before any is counted. The build of
# a pipeline that is to be strict and silent at once is neither refused nor says a word (issue 4126 of MkDocs, open).
#
# Guess: --quiet hides the lines, --strict refuses all the same.
# Seen on 2026-11-30 with Python 3.11: the lines in EXPECTED below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/site/docs"
cat > "$folder/site/mkdocs.yml" <<'YAML'
site_name: example
validation: {anchors: warn}
YAML
printf '# Start\n\n[a page that is absent](absent.md), [a heading that is absent](#absent)\n' > "$folder/site/docs/index.md"

EXPECTED="version 1.6.1
strict: exit 1, 2 warnings
strict and quiet: exit 0, 0 warnings"

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mkdocs==1.6.1 2>> "$folder/pip.log" ||
    { cat "$folder/pip.log" >&2; exit 1; }
cd "$folder/site"
build() { "$folder/venv/bin/python" -m mkdocs build "$@" > "$folder/out" 2>&1 && code=0 || code=$?; echo "exit $code, $(grep -c '^WARNING' "$folder/out" || true) warnings"; }
seen="version $("$folder/venv/bin/python" -c 'from importlib.metadata import version; print(version("mkdocs"))')
strict: $(build --strict)
strict and quiet: $(build --strict --quiet)"
echo "$seen"
[ "$seen" = "$EXPECTED" ] || { echo "MkDocs behaves otherwise now" >&2; exit 1; }
