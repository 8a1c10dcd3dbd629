"""Checks of a catalogue's sources before a load, as far as this machine can do them without a network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from doc_assets.catalogue.model import ArchiveSource, DirectorySource, GitSource, Source, is_address
from doc_assets.catalogue.partitions import Catalogue, Partition
from doc_assets.errors import SourceError
from doc_assets.formats.pdf.reading import library_problem
from doc_assets.sources.fetch import fetch
from doc_assets.sources.walk import walk


def problems(catalogue: Catalogue) -> list[str]:
    """Return one sentence for each problem, in the order of the catalogue."""
    sources = {f"{name}/{source.name}" for name, doc_type in catalogue.types.items() for source in doc_type.sources}
    return [
        f"{name}/{source.name}: {problem}"
        for name, doc_type in catalogue.types.items()
        for source in doc_type.sources
        for problem in (*_preferred_of(source, sources), *_problems_of(source, catalogue.directory))
    ]


def _preferred_of(source: Source, sources: set[str]) -> Iterator[str]:
    policy, _, preferred = source.near_duplicates.partition(" ")
    if preferred and preferred not in sources:
        yield f"{policy} {preferred}: there is no such source here; a source is written TYPE/SOURCE"


def _problems_of(source: Source, base: Path) -> Iterator[str]:
    if source.format == "pdf" and (problem := library_problem()):
        yield problem
    if isinstance(source, DirectorySource):
        try:
            root = fetch(source, base=base, cache=base).root
        except SourceError as error:
            yield str(error)
            return
        if all(file.outcome for file in walk(root, Partition("", source.name, source))):
            yield f"no file under {root} matches include {list(source.include)} and not exclude {list(source.exclude)}"
    elif isinstance(source, (ArchiveSource, GitSource)) and not is_address(source.location):
        path = base / Path(source.location).expanduser()
        wanted = path.is_file() if isinstance(source, ArchiveSource) else path.is_dir()
        if not wanted or not os.access(path, os.R_OK):
            what = "archive" if isinstance(source, ArchiveSource) else "git repository"
            yield f"no readable {what} at {path}: mend its location"
