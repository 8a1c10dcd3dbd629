"""Archives made of names and bytes."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

Member = tuple[str, bytes] | tarfile.TarInfo


def tar(path: Path, members: list[Member], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # pyrefly: ignore[no-matching-overload]
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    return path
