"""Write what is installed in an image, its base included, as a CycloneDX document: packages of Debian and of Python.

The image is read from an OCI archive, as buildah, podman, skopeo and docker write it. Nothing of it is run.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
import tarfile
from email.parser import HeaderParser
from pathlib import Path
from typing import IO, Any

from release.sbom import write

STATUS, SYSTEM = "var/lib/dpkg/status", "usr/lib/os-release"
INSTALLED = re.compile(rf"{STATUS}|{SYSTEM}|.*/(site|dist)-packages/[^/]+\.dist-info/METADATA")
# In a layer, the mark of a file that is gone, and that of a folder whose older files are.
GONE, EMPTIED = ".wh.", ".wh..wh..opq"


def opened(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    """Return a file of the archive, or exit with what it is not."""
    try:
        file = archive.extractfile(name)
    except KeyError:
        file = None
    return file or sys.exit(f"{archive.name}: no OCI archive of one image, it has no {name}")


def texts(archive: tarfile.TarFile, layers: list[str]) -> dict[str, str]:
    """Return those files of the image, by path, that tell what is installed; layers are digests, lowest first."""
    found: dict[str, str] = {}
    for digest in layers:
        added, gone = {}, []
        with tarfile.open(fileobj=opened(archive, f"blobs/{digest.replace(':', '/')}")) as layer:
            for each in layer:
                path = each.name.removeprefix("./")
                folder, _, name = path.rpartition("/")
                if name.startswith(GONE):
                    gone.append(folder if name == EMPTIED else f"{folder}/{name.removeprefix(GONE)}".lstrip("/"))
                elif INSTALLED.fullmatch(path) and (file := layer.extractfile(each)):
                    added[path] = file.read().decode(errors="replace")
        found = {path: text for path, text in found.items() if not any(_within(path, each) for each in gone)} | added
    return found


def _within(path: str, removed: str) -> bool:
    return path == removed or path.startswith(f"{removed}/")


def components(files: dict[str, str]) -> list[dict[str, Any]]:
    """Return the packages that these files tell of, as CycloneDX has them."""
    # Of the extra release.
    from packageurl import PackageURL

    pairs = (line.partition("=") for line in files.get(SYSTEM, "").splitlines() if "=" in line)
    system = {key: "".join(shlex.split(value)) for key, _, value in pairs}
    distro = f"{system.get('ID', 'debian')}-{system.get('VERSION_ID', '')}".rstrip("-")
    named = []
    for text in files.get(STATUS, "").strip().split("\n\n"):
        fields = HeaderParser().parsestr(text)
        if fields.get("Status", "").endswith(" installed"):
            qualifiers = {"arch": fields["Architecture"], "distro": distro}
            if source := fields["Source"]:
                # Faults are published by source package.
                qualifiers["upstream"] = re.sub(r" \((.*)\)$", r"@\1", source)
            named.append(
                PackageURL("deb", system.get("ID", "debian"), fields["Package"], fields["Version"], qualifiers)
            )
    for path, text in files.items():
        if path.endswith("/METADATA"):
            fields = HeaderParser().parsestr(text)
            named.append(PackageURL("pypi", None, fields["Name"], fields["Version"]))
    return [
        {"type": "library", "bom-ref": str(each), "name": each.name, "version": each.version, "purl": str(each)}
        for each in sorted(set(named), key=str)
    ]


def main(source: Path, path: Path) -> None:
    """Write it, held against CycloneDX's schema, and print the digest of the image that it is about."""
    with tarfile.open(source) as archive:
        (entry,) = json.load(opened(archive, "index.json"))["manifests"]
        digest = entry["digest"]
        manifest = json.load(opened(archive, f"blobs/{digest.replace(':', '/')}"))
        config = json.load(opened(archive, f"blobs/{manifest['config']['digest'].replace(':', '/')}"))
        found = components(texts(archive, [layer["digest"] for layer in manifest["layers"]]))
    labels = config["config"].get("Labels") or {}
    about = {
        "type": "container",
        "bom-ref": "image",
        "name": labels.get("org.opencontainers.image.title", source.stem),
        "version": labels.get("org.opencontainers.image.version", digest),
        "hashes": [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}],
        "properties": [{"name": name, "value": labels[name]} for name in sorted(labels)],
    }
    write(
        {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": about}}
        | {"components": found},
        path,
    )
    kinds = [sum(each["purl"].startswith(f"pkg:{kind}/") for each in found) for kind in ("deb", "pypi")]
    print(f"{path}: {digest}, {kinds[0]} packages of Debian and {kinds[1]} of Python")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
