"""Targets that work on files: archives, which are unpacked for real, and the catalogue.

An archive's seed is JSON that describes it, since a tar whose bytes are changed blindly fails its checksum:
``{"kind": "tar.gz", "members": [{"name", "type", "text", "times", "link"}], "cut": bytes off the end,
"damage": [[position, byte]]}``. Anything else is taken for the archive itself.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
import zipfile
from pathlib import Path

from doc_assets.catalogue import load_catalogue
from doc_assets.catalogue.model import ArchiveSource
from doc_assets.errors import CatalogueError, SourceError
from doc_assets.sources.archive import fetch_archive
from doc_assets.sources.cache import Cache
from doc_assets.sources.fetch_options import FetchOptions
from fuzz.properties import check

# Small, so that small archives pass them.
_MOST_MEMBERS, _MOST_BYTES = 8, 3_000
_TYPES = {
    "file": tarfile.REGTYPE,
    "dir": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
    "fifo": tarfile.FIFOTYPE,
    "device": tarfile.CHRTYPE,
    "sparse": tarfile.GNUTYPE_SPARSE,
    "contiguous": tarfile.CONTTYPE,
}


def run_archive(data: bytes, thorough: bool) -> None:
    """Unpacks; nothing may land outside, no link may come to exist, and the limits hold."""
    packed = _build(data)
    if packed is None:
        return
    with tempfile.TemporaryDirectory(prefix="doc-assets-fuzz-") as folder:
        base = Path(folder)
        (base / "sentinel").write_text("untouched")
        (base / "packed").write_bytes(packed)
        source = ArchiveSource(
            name="fuzz", kind="archive", location="packed", max_members=_MOST_MEMBERS, max_unpacked_bytes=_MOST_BYTES
        )
        try:
            fetched = fetch_archive(source, base, Cache(base / "cache"), FetchOptions())
        except SourceError as refusal:
            check("source fuzz" in str(refusal), "a refusal that does not name its source", refusal)
        else:
            _check_tree(fetched.root)
            check(all(left.reason for left in fetched.left_out), "a member left out without a reason")
        check((base / "sentinel").read_text() == "untouched", "a file outside was written")
        check(sorted(os.listdir(base)) in (["packed", "sentinel"], ["cache", "packed", "sentinel"]), "a file beside")  # noqa: PTH208


def _check_tree(root: Path) -> None:
    size = count = 0
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(folder, name)
            check(not path.is_symlink(), "a link was unpacked", path)
            check(path.is_file() or path.is_dir(), "something that is no file was unpacked", path)
        count += len(files)
        size += sum(Path(folder, name).stat().st_size for name in files)
    check(size <= _MOST_BYTES, f"{size:,} bytes were unpacked")
    check(count <= _MOST_MEMBERS, f"{count:,} files were unpacked")


def _build(data: bytes) -> bytes | None:
    """The archive's bytes; None where the JSON describes none that can be made."""
    if not data.startswith(b"{"):
        return data
    try:
        described = json.loads(data)
        members = [member for member in described["members"] if isinstance(member, dict)][:200]
        kind = str(described.get("kind", "tar"))
        packed = bytearray(_zip(members) if kind == "zip" else _tar(members, kind.partition(".")[2]))
        for position, byte in described.get("damage", ()):
            packed[position % len(packed)] = byte % 256
        cut = described.get("cut", 0) or 0
        return bytes(packed[: len(packed) - cut] if 0 < cut < len(packed) else packed)
    except (ValueError, TypeError, KeyError, AttributeError, LookupError, RecursionError, OverflowError):
        return None
    except (tarfile.TarError, zipfile.BadZipFile, UnicodeError, MemoryError, zipfile.LargeZipFile, OSError):
        return None


def _content(member: dict) -> bytes:
    text = str(member.get("text", "")).encode("utf-8", "replace")
    return (text * max(1, min(int(member.get("times", 1)), 40_000 // max(1, len(text)))))[:40_000]


def _tar(members: list[dict], compression: str) -> bytes:
    made = io.BytesIO()
    mode = f"w:{compression}" if compression in ("gz", "bz2", "xz") else "w:"
    with tarfile.open(fileobj=made, mode=mode, format=tarfile.PAX_FORMAT) as tar:  # pyrefly: ignore[no-matching-overload]
        for member in members:
            info = tarfile.TarInfo(str(member["name"]))
            info.type = _TYPES.get(str(member.get("type")), tarfile.REGTYPE)
            info.linkname = str(member.get("link", ""))
            content = _content(member) if info.type in (tarfile.REGTYPE, tarfile.CONTTYPE) else b""
            info.size = len(content)
            info.mode = int(member.get("mode", 0o644)) & 0o7777
            info.pax_headers = {str(k): str(v) for k, v in dict(member.get("pax", {})).items()}
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


def _zip(members: list[dict]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            info = zipfile.ZipInfo(str(member["name"]))
            link = member.get("type") == "symlink"
            info.external_attr = (0o120777 if link else int(member.get("mode", 0o644)) & 0xFFFF) << 16
            archive.writestr(info, str(member.get("link", "")) if link else _content(member))
    return made.getvalue()


def run_catalogue(data: bytes, thorough: bool) -> None:
    """Reads a catalogue; a mistake in it is told as one, with the file's name."""
    with tempfile.TemporaryDirectory(prefix="doc-assets-fuzz-") as folder:
        path = Path(folder, "sources.yaml")
        path.write_bytes(data)
        try:
            catalogue = load_catalogue(path)
        except CatalogueError as error:
            check("sources.yaml" in str(error), "a mistake without the file's name", error)
            return
        partitions = catalogue.partitions()
        check(partitions, "a catalogue without a partition")
        check(len({partition.name for partition in partitions}) == len(partitions), "two partitions of one name")
