"""What each choice in reading and chunking brings to retrieval, or costs: the same questions over variants of a corpus.

    python -m benchmarks.retrieval --corpus DIR --questions QUESTIONS.jsonl --home DIR [--nearest 12] [VARIANT]…

The corpus is laid out ``<doc_type>/<source>/…``, and the store that the environment names holds it. Embedding all of it
once per variant takes hours, so the documents are taken that compete: those that answer a question, and for every
question those that the store ranks first, in each mode. Compare figures within one run only. Every variant has a
database of its own in the embedded server below ``--home``; passages that two variants share are embedded once.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from doc_assets import formats
from doc_assets.catalogue import Catalogue, load_catalogue
from doc_assets.catalogue.scaffold import initial_catalogue
from doc_assets.document import Block, Document, Section
from doc_assets.document.records import FileRecord
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import open_embedder, open_tokenizer
from doc_assets.ingest import parse_pool
from doc_assets.ingest.loader import Loader
from doc_assets.ingest.parse_pool import ParseTask
from doc_assets.search.evaluation import MODES, evaluate, read_questions
from doc_assets.search.search import search
from doc_assets.settings import Settings
from doc_assets.store.database.embedded import embedded_url
from doc_assets.store.schema.opening import open_store
from doc_assets.validation.audit import audit

Transform = Callable[[Document], Document]

# Kept whatever the share: without them the pages of a book lose their place in it.
_ALWAYS = frozenset(("SUMMARY.md", "book.toml"))


def as_it_is(document: Document) -> Document:
    """The product."""
    return document


def without_breadcrumbs(document: Document) -> Document:
    """Chunks as they are cut, with ``-`` in front of each instead of title and headings."""
    sections = [
        Section((), section.anchor, (*_heading(section), *section.blocks))
        for section in (Section((), None, (Block(document.title),)), *document.sections)
        if section.blocks or section.heading_path
    ]
    return replace(document, title="-", parents=(), sections=tuple(sections))


def without_parents(document: Document) -> Document:
    """Breadcrumbs that start with the page's title, without the book and chapters above it."""
    return replace(document, parents=())


def without_items(document: Document) -> Document:
    """Rustdoc pages as running text, cut by length: no chunk of its own for a method, variant or field."""
    if not document.format.startswith("rustdoc"):
        return document
    blocks = [block for section in document.sections for block in (*_heading(section), *section.blocks)]
    return replace(document, sections=(Section((), None, tuple(blocks)),))


def without_outputs(document: Document) -> Document:
    """Notebooks without what their cells printed."""
    sections = [
        replace(section, blocks=tuple(b for b in section.blocks if b.kind != "output")) for section in document.sections
    ]
    return replace(document, sections=tuple(sections))


def _heading(section: Section) -> list[Block]:
    return [Block(section.heading_path[-1])] if section.heading_path else []


VARIANTS: dict[str, Transform] = {
    "as_it_is": as_it_is,
    "without_parents": without_parents,
    "without_outputs": without_outputs,
    "without_items": without_items,
    "without_breadcrumbs": without_breadcrumbs,
}


class VariantPool:
    """Stands in for ``ParsePool``: the same workers' work, with every document changed after it was parsed."""

    def __init__(self, settings: Settings, variant: str) -> None:
        """Starts workers that know the variant."""
        self.workers, self.busy_seconds = settings.threads, 0.0
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(
            settings.threads, context, initializer=_start_worker, initargs=(settings, variant)
        )

    def parse(self, tasks: Iterable[ParseTask]) -> Iterator[FileRecord]:
        """One record per task."""
        for record, seconds in self._pool.map(parse_pool._parse, tasks, chunksize=4):
            self.busy_seconds += seconds
            yield record

    def close(self) -> None:
        """Ends the workers."""
        self._pool.shutdown()


def _start_worker(settings: Settings, variant: str) -> None:
    change, parse = VARIANTS[variant], formats.parse
    formats.parse = lambda file, name="auto": [change(document) for document in parse(file, name)]
    parse_pool._settings, parse_pool._tokenizer = settings, open_tokenizer(settings)


def competing(settings: Settings, embedder: Embedder, questions: Path, nearest: int) -> set[str]:
    """Files that answer a question, and those that the store ranks first for one: ``<doc_type>/<source>/<path>``."""
    found: set[str] = set()
    with open_store(settings) as store:
        for question in read_questions(questions):
            found |= question.relevant
            for mode in MODES:
                for passage in search(store, embedder, question.query, k=nearest, mode=mode):
                    found.add(f"{passage.doc_type}/{passage.source}/{passage.path}")
    return found


def sample(corpus: Path, target: Path, wanted: set[str]) -> int:
    """Links files of the corpus below ``target``; returns how many."""
    taken = 0
    for folder, _, names in os.walk(corpus):
        for name in names:
            path = Path(folder, name)
            relative = path.relative_to(corpus).as_posix()
            if path.is_symlink() or not (name in _ALWAYS or relative in wanted):
                continue
            link = target / relative
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                link.hardlink_to(path)
            taken += 1
    return taken


def make_database(server: str, name: str, template: str | None) -> str:
    """URL of a new database; with a template, of its chunks and vectors only, nothing of it being published."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template or "template1")
            )
        )
    url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    if template:
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE doc_assets.partition SET published_snapshot_id = NULL")
    return url


def load(settings: Settings, catalogue: Catalogue, embedder: Embedder, variant: str) -> dict[str, int]:
    """Loads and publishes every partition of the catalogue; chunks, tokens and chunks embedded."""
    figures = {"documents": 0, "chunks": 0, "tokens": 0, "embedded": 0}
    pool = VariantPool(settings, variant)
    with open_store(settings) as store:
        loader = Loader(settings, store, pool)  # pyrefly: ignore[bad-argument-type] - has what the loader calls
        loader.embedder = embedder
        for partition in catalogue.partitions():
            with loader.stage(loader.survey(partition, catalogue), run_id=None) as staged:
                result = staged.publish(audit(store, staged.snapshot))
            for name in figures:
                figures[name] += getattr(result, name)
        loader.close()
    return figures


def measure(settings: Settings, embedder: Embedder, questions: Path) -> dict[str, object]:
    """Hit rates by mode."""
    with open_store(settings) as store:
        return evaluate(questions, lambda query, mode: search(store, embedder, query, k=10, mode=mode))


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints one JSON object a variant, then a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--home", type=Path, required=True, help="folder for the sample and the databases")
    parser.add_argument("--vectors", help="database of that server whose passages and vectors are there already")
    parser.add_argument("--nearest", type=int, default=12, help="documents by question and mode")
    parser.add_argument("variant", nargs="*", default=list(VARIANTS), choices=[*VARIANTS, []], help="default: all")
    options = parser.parse_args(arguments)
    settings = Settings.from_environment()
    embedder = open_embedder(settings)
    folder, listing = options.home / "sample", options.home / "sources.yaml"
    wanted = competing(settings, embedder, options.questions, options.nearest)
    print(f"{sample(options.corpus, folder, wanted)} files")
    listing.write_text(initial_catalogue(folder, listing), encoding="utf-8")
    base = replace(settings, home=options.home, catalogue=listing)
    catalogue = load_catalogue(listing)
    server = embedded_url(options.home)
    rows, first = [], options.vectors
    for variant in options.variant:
        started = time.perf_counter()
        name = f"retrieval_{variant}"
        settings = replace(base, database_url=make_database(server, name, first))
        first = options.vectors or first or name
        loaded = load(settings, catalogue, embedder, variant)
        figures = measure(settings, embedder, options.questions)
        print(json.dumps({"variant": variant, "seconds": round(time.perf_counter() - started), **loaded, **figures}))
        rows.append((variant, loaded, figures))
    for variant, loaded, figures in rows:
        cells = [f"{figures[mode][hit]:.3f}" for mode in ("hybrid", "text", "vector") for hit in ("hit@1", "hit@5")]
        print(f"{variant:22}{loaded['chunks']:8}{loaded['tokens']:10}  " + "  ".join(cells))


if __name__ == "__main__":
    main()
