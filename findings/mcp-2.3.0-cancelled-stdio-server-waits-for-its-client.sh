#!/usr/bin/env bash
# mcp (official Python SDK) 2.3.0: a server over stdio that is cancelled does not end before its client sends a line or
# closes its end. stdio_server() reads stdin in a worker thread that a cancellation cannot interrupt (anyio.wrap_file),
# and waits for that thread. A server that takes SIGTERM to shut down in order, as anyio's own documentation shows, thus
# stays until it is killed, or until the client that waits for its end gives up; Ctrl-C in a terminal does nothing.
# The way out is to pass stdio_server(stdin=...) lines that are read in a daemon thread.
#
# Guess: cancelling the scope around the server ends the process at once.
# Seen on 2026-11-30 with Python 3.11 and anyio 4.16.0: the four lines in EXPECTED below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/serve.py" <<'PY'
import signal
import sys

import anyio
from mcp.server import Server
from mcp.server.stdio import stdio_server


async def cancel_on_signal(scope):
    with anyio.open_signal_receiver(signal.SIGTERM) as signals:
        print("ready", file=sys.stderr, flush=True)
        async for _ in signals:
            print("cancelled", file=sys.stderr, flush=True)
            scope.cancel()
            return


async def main():
    server = Server("example")
    async with stdio_server() as (read, write), anyio.create_task_group() as group:
        group.start_soon(cancel_on_signal, group.cancel_scope)
        await server.run(read, write, server.create_initialization_options())


anyio.run(main)
PY
cat > "$folder/client.py" <<'PY'
import signal
import subprocess
import sys

pipe = subprocess.PIPE
server = subprocess.Popen([sys.executable, sys.argv[1]], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
print(server.stderr.readline().strip())
server.send_signal(signal.SIGTERM)
print(server.stderr.readline().strip())
try:
    server.wait(15)
    print("ended")
except subprocess.TimeoutExpired:
    print("still there 15 seconds later")
server.stdin.close()
print("ended once its input was closed:", server.wait(120) == 0)
PY
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mcp==2.3.0 mcp-types==2.3.0 anyio==4.16.0 2> "$folder/pip.log" ||
    { cat "$folder/pip.log" >&2; exit 1; }
"$folder/venv/bin/python" "$folder/client.py" "$folder/serve.py" | tee "$folder/seen"
diff - "$folder/seen" <<'EXPECTED'
ready
cancelled
still there 15 seconds later
ended once its input was closed: True
EXPECTED
