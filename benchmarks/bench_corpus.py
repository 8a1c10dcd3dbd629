"""The documents of ``benchmarks/ladder.py``: a copy of a corpus or of a slice of it, and edits of some of its files."""

from __future__ import annotations

import math
import shutil
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus_versions import edited

# Each word becomes the next one: a change as small as an editor's, in every format, that leaves the markup alone.
_WORDS = (
    "which", "their", "using", "there", "about", "these", "other", "following", "example", "value", "where", "without",
    "should", "default", "function", "program", "because", "between",
)  # fmt: skip
_OTHERS = dict(zip(_WORDS, (*_WORDS[1:], _WORDS[0]), strict=True))


@dataclass(frozen=True)
class Slice:
    """A copy of documents, laid out ``<doc_type>/<source>/…``.

    Attributes:
        folder: Where they are.
        name: What they are, for the report, as in ``examples: everything``.
        files: All of them.
    """

    folder: Path
    name: str
    files: Sequence[Path]

    @property
    def megabytes(self) -> float:
        """Size of the files."""
        return sum(path.lstat().st_size for path in self.files) / 1e6


def copied(corpus: Path, folder: Path, parts: Sequence[str] = (), limit: int | None = None) -> Slice:
    """Copy the sources of a corpus below ``folder``.

    Args:
        corpus: A folder with ``<doc_type>/<source>/…``; other files in it are left out.
        folder: Where to.
        parts: ``TYPE`` or ``TYPE/SOURCE`` each; everything if empty.
        limit: The first files of each source by path.

    Raises:
        SystemExit: The corpus has no such part.
    """
    sources = [path for path in sorted(corpus.glob("*/*")) if path.is_dir() and not path.is_symlink()]
    names = {path: f"{path.parent.name}/{path.name}" for path in sources}
    for part in parts:
        if part not in {*names.values(), *(path.parent.name for path in sources)}:
            raise SystemExit(f"{corpus} has no {part}: TYPE or TYPE/SOURCE is needed, as in ebpf or rust/crate-tokio")
    files = []
    for source in sources:
        if parts and not {names[source], source.parent.name} & set(parts):
            continue
        for path in sorted(p for p in source.rglob("*") if p.is_file() and not p.is_symlink())[:limit]:
            files.append(target := folder / path.relative_to(corpus))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    if not files:
        raise SystemExit(f"{corpus} is not laid out TYPE/SOURCE/…: it has no documents to load")
    first = f", the first {limit} files of each source" if limit else ""
    return Slice(folder, f"{corpus.absolute().name}: {', '.join(parts) or 'everything'}{first}", files)


def edit(documents: Slice, share: float = 0.01) -> int:
    """Change words in a share of the files, at least in one, the same ones every time; return how many."""
    wanted, changed = math.ceil(share * len(documents.files)), 0
    for path in sorted(documents.files, key=lambda p: (zlib.crc32(str(p.relative_to(documents.folder)).encode()), p)):
        before = path.read_bytes()
        after = edited(before.decode("latin-1"), _OTHERS, path.name, 1.0).encode("latin-1")
        if after != before:
            path.write_bytes(after)
            changed += 1
        if changed == wanted:
            break
    return changed
