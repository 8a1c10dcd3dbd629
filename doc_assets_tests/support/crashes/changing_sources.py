"""Sources that change between loads, the same way for the same seed, and share pages and passages with each other."""

from __future__ import annotations

import random
from pathlib import Path

from doc_assets.catalogue import Catalogue, load_catalogue

# A page is a topic and one variant of each of its sections; a section of 40 such words makes two
# chunks.
_SECTIONS = 3
_WORDS = 40
_VARIANTS = 2
PAGE_CHUNKS = 6

Page = tuple[int, tuple[int, ...]]


def seeded(*parts: object) -> random.Random:
    """The generator of one part of a trial, so that it does not depend on what the others drew."""
    return random.Random("/".join(map(str, parts)))  # noqa: S311 - it is to be repeated, not to be secret


class Shelves:
    """Several sources of one type, each a folder of pages on topics that the others have pages on, too.

    Args:
        folder: Where the folders and the catalogue are made.
        names: Of the sources.
        pages: Of each source, at first.
        rng: Decides what is written; its state moves on with every edit.
    """

    def __init__(self, folder: Path, names: tuple[str, ...], pages: int, rng: random.Random) -> None:
        self._folder = folder
        self._rng = rng
        # Twice as many topics as a source has pages: about half of them are on another shelf as well.
        self._topics = pages * 2
        self._shelves: dict[str, dict[str, Page]] = {name: {} for name in names}
        folder.mkdir(parents=True, exist_ok=True)
        self.catalogue_path = folder / "sources.yaml"
        sources = "".join(f"      - {{name: {name}, kind: directory, location: {name}}}\n" for name in names)
        self.catalogue_path.write_text(f"types:\n  best_practices:\n    sources:\n{sources}")
        for name in names:
            for topic in rng.sample(range(self._topics), pages):
                self._put(name, f"topic-{topic:03d}.md", (topic, self._variants()))

    @property
    def catalogue(self) -> Catalogue:
        """As it stands in the file."""
        return load_catalogue(self.catalogue_path)

    def edit(self, share: float = 0.4) -> None:
        """Rewrites a section each in a share of every source's pages; one page moves, one goes and one comes."""
        for name, shelf in self._shelves.items():
            paths = sorted(shelf)
            for path in self._rng.sample(paths, max(1, int(len(paths) * share))):
                topic, variants = shelf[path]
                changed = list(variants)
                changed[self._rng.randrange(_SECTIONS)] = self._rng.randrange(10_000)
                self._put(name, path, (topic, tuple(changed)))
            moved, gone = self._rng.sample(paths, 2)
            page = shelf[moved]
            self._remove(name, moved)
            self._remove(name, gone)
            self._put(name, f"moved-{self._rng.randrange(10_000):04d}.md", page)
            topic = self._rng.randrange(self._topics)
            self._put(name, f"new-{self._rng.randrange(10_000):04d}.md", (topic, self._variants()))

    def _variants(self) -> tuple[int, ...]:
        return tuple(self._rng.randrange(_VARIANTS) for _ in range(_SECTIONS))

    def _put(self, name: str, path: str, page: Page) -> None:
        target = self._folder / name / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(_text(page))
        self._shelves[name][path] = page

    def _remove(self, name: str, path: str) -> None:
        (self._folder / name / path).unlink()
        del self._shelves[name][path]


def _text(page: Page) -> str:
    topic, variants = page
    sections = [
        f"## Part {i} of {topic}\n\n" + " ".join(f"word{topic}x{i}y{variant}z{n}" for n in range(_WORDS))
        for i, variant in enumerate(variants)
    ]
    return f"# Topic {topic}\n\n" + "\n\n".join(sections) + "\n"
