#!/usr/bin/env bash
# git-lfs: `git -c lfs.storage=FOLDER lfs fetch` from a file:// remote finds nothing ("remote missing object"), although
# the remote has the object. The option also holds for the git-lfs that reads the remote's side, which then looks for
# the remote's objects in FOLDER. Written into the fetching repository's own configuration, the same setting works.
#
# Guess: an option of the fetching repository says where that repository keeps its objects.
# Seen on 2026-11-29 with git 2.39.5 and git-lfs 3.3.0 (Debian 12): the two lines in EXPECTED below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(cd "$folder" && apt-get download -qq git-lfs=3.3.0-1+deb12u1 && dpkg -x git-lfs_*.deb "$folder/package")
export PATH="$folder/package/usr/bin:$PATH" HOME="$folder" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
{ git version; git-lfs version; } >&2
git init -q --bare "$folder/remote.git"
oid=$(printf 'a page\n' | sha256sum | cut -d' ' -f1)
mkdir -p "$folder/remote.git/lfs/objects/${oid:0:2}/${oid:2:2}"
printf 'a page\n' > "$folder/remote.git/lfs/objects/${oid:0:2}/${oid:2:2}/$oid"
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 7\n' "$oid" > "$folder/pointer"
try() {
    git init -q --bare "$folder/$1.git"
    cd "$folder/$1.git"
    git config remote.origin.url "file://$folder/remote.git"
    [ "$1" = option ] || git config lfs.storage "$folder/$1-objects"
    blob=$(git hash-object -w "$folder/pointer")
    tree=$(printf '100644 blob %s\ta.md\n' "$blob" | git mktree)
    commit=$(git -c user.name=a -c user.email=a@example.org commit-tree -m x "$tree")
    git update-ref refs/heads/main "$commit"
    options=()
    [ "$1" = configured ] || options=(-c "lfs.storage=$folder/$1-objects")
    git "${options[@]}" lfs fetch origin main > "$folder/$1.out" 2>&1 || true
    if [ -f "$folder/$1-objects/objects/${oid:0:2}/${oid:2:2}/$oid" ]; then echo "$1: fetched"; fi
    if grep -q 'remote missing object' "$folder/$1.out"; then echo "$1: remote missing object"; fi
}
{ try option; try configured; } | tee "$folder/seen"
diff - "$folder/seen" <<'EXPECTED'
option: remote missing object
configured: fetched
EXPECTED
