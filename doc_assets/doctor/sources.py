"""The catalogue and its sources; with ``--online`` those of other machines as well."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

from doc_assets.doctor.diagnosis import Diagnosis, fault, ok, warning
from doc_assets.doctor.examination import Surroundings, examination
from doc_assets.errors import CatalogueError, ConfigurationError, SourceError

if TYPE_CHECKING:
    from doc_assets.catalogue.model import Source

_ONLINE_SECONDS = 60.0
_THREADS = 8


@examination("catalogue")
def catalogue(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say whether the catalogue is sound, as ``doc-assets catalogue check``."""
    from doc_assets.catalogue import load_catalogue
    from doc_assets.sources.preflight import problems

    path = surroundings.settings.catalogue
    if not path.exists():
        sentence = f"none at {path}: enough for search and serve, not for loads"
        yield warning("catalogue", sentence, "doc-assets catalogue init DIR -o sources.yaml writes one for a folder")
        return
    try:
        found = load_catalogue(path)
    except CatalogueError as error:
        yield fault("catalogue", str(error), "doc-assets catalogue check, once it is corrected")
        return
    wrong = problems(found)
    for problem in wrong:
        yield fault("catalogue", problem, "correct its location in the catalogue, or bring its files there")
    if not wrong:
        sources = sum(len(doc_type.sources) for doc_type in found.types.values())
        yield ok("catalogue", f"{sources} sources of {len(found.types)} types in {path}")


@examination("sources", seconds=_ONLINE_SECONDS + 10)
def sources(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say whether programs and credentials that sources need are there, and with ``--online`` who answers."""
    from doc_assets.catalogue import load_catalogue
    from doc_assets.catalogue.model import GitSource
    from doc_assets.sources.credentials import read_credential

    try:
        found = load_catalogue(surroundings.settings.catalogue)
    except CatalogueError:
        return  # said above
    named = {f"{name}/{one.name}": one for name, doc_type in found.types.items() for one in doc_type.sources}
    git = [source for source in named.values() if isinstance(source, GitSource)]
    for program, needed in (("git", bool(git)), ("git-lfs", any(source.lfs for source in git))):
        if needed and shutil.which(program) is None:
            yield fault("sources", f"{program} is needed, and is not on the PATH", f"install {program}")
    folder = surroundings.settings.credentials
    for name, source in named.items():
        if credential := getattr(source, "credentials", None):
            try:
                read_credential(folder, credential, name)
            except (SourceError, ConfigurationError) as error:
                yield fault("sources", str(error), "docs/sources-in-a-pod.md says how credentials are kept")
    if not surroundings.online:
        yield ok("sources", "those of other machines were not asked: --online does that")
        return
    yield from _answers(surroundings, named, found.directory)


def _answers(surroundings: Surroundings, named: Mapping[str, Source], base: Path) -> Iterator[Diagnosis]:
    """Ask each source for its revision or index, without fetching it."""
    from doc_assets.sources.fetch_options import FetchOptions
    from doc_assets.sources.upstream_revision import is_reachable

    options = FetchOptions.of(surroundings.settings)
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="doctor")
    asked = {name: pool.submit(is_reachable, source, base, options) for name, source in named.items()}
    wait(asked.values(), timeout=_ONLINE_SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    silent = [name for name, one in asked.items() if not one.done() or one.cancelled() or not one.result()]
    for name in silent:
        sentence = f"{name} did not say its revision or index: out of reach, or its server keeps none"
        yield warning("sources", sentence, f"doc-assets migrate --dry-run -t {name.partition('/')[0]} says why")
    yield ok("sources", f"{len(named) - len(silent)} of {len(named)} said their revision")
