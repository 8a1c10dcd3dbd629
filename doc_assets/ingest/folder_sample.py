"""A random sample of the chunks that a folder of documents gives, without a database.

For ``doc-assets embedder check --folder``: files are parsed and chunked as in a load, in a random order, until there
are enough, so that neither time nor memory grows with the folder.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from doc_assets.catalogue import Catalogue, DirectorySource, Partition, initial_catalogue, load_catalogue
from doc_assets.errors import CatalogueError, Misuse
from doc_assets.ingest.load_run import parse_tasks
from doc_assets.ingest.parse_pool import ParsePool
from doc_assets.settings import Settings
from doc_assets.sources.discovery import Discovery, discover

# Whole files are drawn: several times the chunks that are kept, so that no few large files are all of the sample.
_DRAWN = 4
_FILES_AT_A_TIME = 64
# Of a file that answers a question; one of rustdoc JSON gives thousands.
_ANSWERING_CHUNKS = 200


@dataclass(frozen=True, slots=True)
class PlacedChunk:
    """A chunk with type, source and path of its file."""

    place: tuple[str, str, str]
    breadcrumb: str
    text: str
    token_count: int


def sample_folder(
    folder: Path, settings: Settings, size: int, seed: int, answering: Collection[str] = ()
) -> list[PlacedChunk]:
    """Return at most ``size`` random chunks of the folder, each once, and after them those of the ``answering`` files.

    Args:
        folder: Laid out ``<doc_type>/<source>/…``; any other folder is one source of the type ``documents``.
        settings: Model, whose tokenizer cuts; limits of parsing.
        size: Chunks of the sample.
        seed: The same seed draws the same chunks of the same files.
        answering: Files to take in any case, as ``<doc_type>/<source>/<path>``.

    Raises:
        Misuse: There is no such folder.
        SourceError: It cannot be listed.
    """
    if not folder.is_dir():
        raise Misuse(f"there is no folder {folder}: name one that exists")
    catalogue, partitions = _partitions(folder.absolute())
    listed = [(partition, discover(partition, catalogue, settings)) for partition in partitions]
    files = [(n, path) for n, (_, discovery) in enumerate(listed) for path in sorted(discovery.locations)]
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    rng.shuffle(files)
    wanted = [(n, path) for n, path in files if "/".join(_place(listed[n][0], path)) in answering]
    with closing(ParsePool(settings)) as pool:
        answers = {key: chunk for key, chunk in _parsed(pool, listed, wanted, _ANSWERING_CHUNKS)}
        drawn: dict[bytes, PlacedChunk] = {}
        for start in range(0, len(files), _FILES_AT_A_TIME):
            drawn |= dict(_parsed(pool, listed, files[start : start + _FILES_AT_A_TIME]))
            if len(drawn) >= _DRAWN * size:
                break
    keys = sorted(drawn)
    sampled = rng.sample(keys, min(size, len(keys)))
    return [drawn[key] for key in sampled] + [answers[key] for key in sorted(answers.keys() - set(sampled))]


def _partitions(folder: Path) -> tuple[Catalogue, Sequence[Partition]]:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "sources.yaml")
        try:
            path.write_text(initial_catalogue(folder, None), encoding="utf-8")
        except CatalogueError:  # laid out in its own way
            source = DirectorySource(kind="directory", name="folder", location=str(folder))
            return Catalogue(types={}, directory=folder, path=path), [Partition("documents", "folder", source)]
        catalogue = load_catalogue(path)
        return catalogue, catalogue.partitions()


def _place(partition: Partition, path: str) -> tuple[str, str, str]:
    return partition.doc_type, partition.source.name, path


def _parsed(
    pool: ParsePool,
    listed: Sequence[tuple[Partition, Discovery]],
    files: Sequence[tuple[int, str]],
    most: int | None = None,
) -> Iterator[tuple[bytes, PlacedChunk]]:
    """Yield id and chunk of the files, at most so many of each."""
    for n in sorted({n for n, _ in files}):
        partition, discovery = listed[n]
        tasks = parse_tasks(partition, discovery, [path for of, path in files if of == n])
        for record in sorted(pool.parse(tasks), key=lambda record: record.path):
            chunks = [chunk for document in record.documents for chunk in document.chunks]
            for chunk in chunks[:most]:
                yield (
                    chunk.id,
                    PlacedChunk(_place(partition, record.path), chunk.breadcrumb, chunk.text, chunk.token_count),
                )
