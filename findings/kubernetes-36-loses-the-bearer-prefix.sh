#!/usr/bin/env bash
# kubernetes (Python client) 36.0.0 to 36.0.3: a token that is set as api_key["authorization"] with
# api_key_prefix["authorization"] = "Bearer", as the client's own documentation shows, does not arrive as
# "Bearer TOKEN". 36.0.0 sends no Authorization header at all, 36.0.3 sends the bare token without its prefix; an API
# server then takes both for an anonymous request (403 "system:anonymous", or 401). 35.0.0 and 37.0.2 send
# "Bearer TOKEN". Nothing is logged.
#
# Guess: a major release keeps the one way of passing a token that every tutorial uses, or raises an error.
# Seen on 2026-11-29 with Python 3.11: the four lines in EXPECTED below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/ask.py" <<'PY'
import http.server
import json
import threading

import kubernetes
from kubernetes import client

seen = []


class Recorder(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        seen.append(self.headers.get("Authorization"))
        names = "major minor gitVersion gitCommit gitTreeState buildDate goVersion compiler platform".split()
        body = json.dumps(dict.fromkeys(names, "")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Recorder)
threading.Thread(target=server.serve_forever, daemon=True).start()
configuration = client.Configuration(host=f"http://127.0.0.1:{server.server_port}")
configuration.api_key["authorization"] = "TOKEN"
configuration.api_key_prefix["authorization"] = "Bearer"
client.VersionApi(client.ApiClient(configuration)).get_code()
server.shutdown()
print(kubernetes.__version__, seen[0])
PY
python3 -m venv "$folder/venv"
for version in 35.0.0 36.0.0 36.0.3 37.0.2; do
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "kubernetes==$version" 2>> "$folder/pip.log" ||
        { cat "$folder/pip.log" >&2; exit 1; }
    "$folder/venv/bin/python" "$folder/ask.py"
done | tee "$folder/seen"
diff - "$folder/seen" <<'EXPECTED'
35.0.0 Bearer TOKEN
36.0.0 None
36.0.3 TOKEN
37.0.2 Bearer TOKEN
EXPECTED
