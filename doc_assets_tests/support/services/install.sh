#!/usr/bin/env bash
# Installs the Debian packages of the outside programs that tests start and this machine lacks: of those named, or of
# all but the browser. None of their daemons
# is started by it: each test starts its own on a free port.
set -euo pipefail
read -ra packages <<< "$("${PYTHON:-python3}" -m doc_assets_tests.support.services "$@")"
[ "${#packages[@]}" -eq 0 ] && exit 0
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
if ! command -v apt-get >/dev/null; then
    echo "make test-services and test-ui install Debian packages with apt-get, which is absent here: install ${packages[*]} by other means" >&2
    exit 2
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive sh -eu -s "${packages[@]}" <<'ROOT'
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@" < /dev/null
ROOT
