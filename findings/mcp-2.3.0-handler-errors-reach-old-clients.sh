#!/usr/bin/env bash
# mcp (official Python SDK) 2.3.0: the text of an exception that a low-level handler raises is kept from clients of
# revision 2026-07-28, and sent word for word to clients that begin with a handshake (2025-11-25 and before, which most
# still are). The same server, handler and request: code -32603 "Internal server error" for the former, code 0 and
# str(exception) for the latter. A server that was tested with a new client only shows addresses, paths and passwords in
# its errors to all others. The way out is to catch every exception in the handler and raise MCPError.
#
# Guess: what the SDK hides from one client it hides from all.
# Seen on 2026-11-30 with Python 3.11: the two lines in EXPECTED below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/ask.py" <<'PY'
import anyio
from mcp import Client
from mcp.server import Server
from mcp.shared.exceptions import MCPError


async def list_tools(context, params):
    raise RuntimeError("cannot reach db7.internal as admin")


async def main():
    for mode in ("2026-07-28", "legacy"):
        async with Client(Server("example", on_list_tools=list_tools), mode=mode) as client:
            try:
                await client.list_tools()
            except MCPError as error:
                print(client.protocol_version, error.code, error.message)


anyio.run(main)
PY
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mcp==2.3.0 mcp-types==2.3.0 2> "$folder/pip.log" ||
    { cat "$folder/pip.log" >&2; exit 1; }
"$folder/venv/bin/python" "$folder/ask.py" 2> "$folder/log" | tee "$folder/seen"
diff - "$folder/seen" <<'EXPECTED'
2026-07-28 -32603 Internal server error
2025-11-25 0 cannot reach db7.internal as admin
EXPECTED
