"""A slice of a corpus in several versions, as documentation has them: most passages new, most pages nearly the same.

A corpus is a folder with ``<doc_type>/<source>/…``. Version 1 is the corpus itself, and each version is made from the
one before it: in a share of the paragraphs one word of 25 is replaced by another word of the corpus, by a permutation
of its commonest words. The same corpus, seed and share give the same bytes.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import yaml

# Text between tags or line ends. Bytes are read as Latin-1, so that every file can be; only ASCII words are replaced.
_PARAGRAPH = re.compile(r"[^<>\n]{60,}")
_WORD = re.compile(r"(?<= )[a-z]{5,}(?= )")
_WORDS_PER_EDIT = 25
_VOCABULARY = 4_096
# Paragraphs that get other words. At 0.6 eight chunks of ten are new, and pages resemble the next version to 0.9.
EDITED = 0.6


@dataclass(frozen=True, slots=True)
class Source:
    """A source of the corpus: its type, its name, its folder and its files, relative to that."""

    doc_type: str
    name: str
    folder: Path
    files: tuple[Path, ...]


def sliced(corpus: Path, share: float, seed: int) -> list[Source]:
    """Return whole sources with about that share of the corpus' files, the same ones for the same seed.

    Raises:
        SystemExit: The folder holds no sources, or the share is below its smallest.
    """
    sources = [
        Source(folder.parent.name, folder.name, folder, tuple(_files(folder)))
        for folder in sorted(corpus.glob("*/*"))
        if folder.is_dir()
    ]
    room = share * sum(len(source.files) for source in sources)
    chosen = []
    for source in sorted(sources, key=lambda s: sha256(f"{seed} {s.doc_type}/{s.name}".encode()).digest()):
        if 0 < len(source.files) <= room:
            chosen.append(source)
            room -= len(source.files)
    if not chosen:
        raise SystemExit(f"{corpus}: no source is as small as {share:.2%} of the files below it")
    return sorted(chosen, key=lambda s: (s.doc_type, s.name))


class Versions:
    """Versions of the sources below a folder of their own, written when first asked for."""

    def __init__(self, sources: Sequence[Source], folder: Path, seed: int, edited: float = EDITED) -> None:
        """Count the words; nothing is written yet."""
        self._written: list[list[Source]] = [list(sources)]
        self._folder, self._seed, self._edited = folder, seed, edited
        self._words = _vocabulary(sources)

    def write(self, count: int) -> None:
        """Write the versions up to that number."""
        while len(self._written) < count:
            number = len(self._written) + 1
            self._written.append([self._next(source, number) for source in self._written[-1]])

    def catalogue(self, count: int, changed: Source | None = None) -> Path:
        """Return a catalogue of the first ``count`` versions; each source of each version is one of its own.

        The first version of the ``changed`` source has the files of the newest version that was written.
        """
        self.write(count)
        newest = {(source.doc_type, source.name): source for source in self._written[-1]}
        types: dict[str, list[dict]] = {}
        for number, sources in enumerate(self._written[:count], 1):
            for source in sources:
                is_changed = changed is not None and number == 1 and source == changed
                folder = newest[source.doc_type, source.name].folder if is_changed else source.folder
                types.setdefault(source.doc_type, []).append(
                    {
                        "name": f"{source.name}-v{number}",
                        "kind": "directory",
                        "location": str(folder.absolute()),
                        "weight": sum((source.folder / path).lstat().st_size for path in source.files),
                        "attributes": {"version": f"{number}.0"},
                    }
                )
        path = self._folder / f"sources-{count}{'-changed' if changed else ''}.yaml"
        path.write_text(yaml.safe_dump({"types": {name: {"sources": of} for name, of in types.items()}}))
        return path

    def _next(self, source: Source, number: int) -> Source:
        folder = self._folder / f"v{number}" / source.doc_type / source.name
        others = self._permutation(number)
        for path in source.files:
            written = folder / path
            written.parent.mkdir(parents=True, exist_ok=True)
            if (source.folder / path).is_symlink():
                shutil.copy(source.folder / path, written, follow_symlinks=False)
                continue
            text = (source.folder / path).read_bytes().decode("latin-1")
            # A name that neither moves nor depends on what other files hold.
            name = f"{self._seed} {number} {source.doc_type}/{source.name}/{path}"
            written.write_bytes(edited(text, others, name, self._edited).encode("latin-1"))
        return Source(source.doc_type, source.name, folder, source.files)

    def _permutation(self, number: int) -> dict[str, str]:
        shuffled = list(self._words)
        random.Random(f"{self._seed} {number}").shuffle(shuffled)  # noqa: S311 - the same at each run
        return dict(zip(self._words, shuffled, strict=True))


def edited(text: str, others: Mapping[str, str], name: str, share: float) -> str:
    """Return the text with other words in a share of its paragraphs, chosen by the name and their number."""
    number = 0

    def edit(found: re.Match[str]) -> str:
        nonlocal number
        number += 1
        paragraph, draw = found[0], zlib.crc32(f"{name} {number}".encode())
        if draw / 2**32 >= share:
            return paragraph
        words = [word for word in _WORD.finditer(paragraph) if word[0] in others]
        wanted = min(len(words), 1 + paragraph.count(" ") // _WORDS_PER_EDIT)
        first = draw % len(words) if words else 0
        places = sorted((first + n * len(words) // wanted) % len(words) for n in range(wanted))
        parts, end = [], 0
        for place in places:
            word = words[place]
            parts += [paragraph[end : word.start()], others[word[0]]]
            end = word.end()
        return "".join([*parts, paragraph[end:]])

    return _PARAGRAPH.sub(edit, text)


def _vocabulary(sources: Sequence[Source]) -> list[str]:
    counted: Counter[str] = Counter()
    for source in sources:
        for path in source.files:
            if not (source.folder / path).is_symlink():
                text = (source.folder / path).read_bytes().decode("latin-1")
                counted.update(word for run in _PARAGRAPH.findall(text) for word in _WORD.findall(run))
    return [word for word, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:_VOCABULARY]]


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(parent, name).relative_to(folder) for name in sorted(names))
