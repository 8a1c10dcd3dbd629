"""How fast each format is read and chunked, and how long its chunks are, over a folder of documents.

    python -m benchmarks.parsing [--corpus DIR] [--json] [--hot]

DIR is laid out ``<doc_type>/<source>/…``; without it, the documents in ``examples/``. One process, no database, no
model: seconds are the processor's, so other work on the machine disturbs little, and megabytes are millions of bytes
(raw) or characters (text). ``--hot`` names the functions that parsing spends its time in; profiling makes it slower.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from doc_assets import formats
from doc_assets.catalogue import DirectorySource, Partition
from doc_assets.chunking.chunker import chunk
from doc_assets.document import lay_out
from doc_assets.embedding.opening import open_tokenizer
from doc_assets.embedding.tokenizer import WindowTokenizer
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.settings import Settings
from doc_assets.sources.files import SourceFile
from doc_assets.sources.included_files import SourceNeighbours
from doc_assets.sources.walk import read, walk

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
# A chunk this short answers little: see ``doc_assets.chunking.chunker``.
TINY = 60


@dataclass
class Reading:
    """What reading the files of one format took and gave."""

    files: int = 0
    skipped: int = 0
    rejected: int = 0
    raw: int = 0
    text: int = 0
    documents: int = 0
    parse_seconds: float = 0.0
    chunk_seconds: float = 0.0
    tokens: array[int] = field(default_factory=lambda: array("I"))
    profile: cProfile.Profile = field(default_factory=cProfile.Profile)

    def add(self, other: Reading) -> None:
        """Takes the figures of another format along, but for its profile."""
        for name in ("files", "skipped", "rejected", "raw", "text", "documents", "parse_seconds", "chunk_seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.tokens.extend(other.tokens)

    def report(self) -> dict[str, Any]:
        """Figures as JSON: sizes in MB, times in CPU seconds, lengths in tokens of the embedding input."""
        lengths = sorted(self.tokens) or [0]
        return {
            "files": self.files,
            "skipped": self.skipped,
            "rejected": self.rejected,
            "raw_mb": round(self.raw / 1e6, 2),
            "text_mb": round(self.text / 1e6, 2),
            "parse_s": round(self.parse_seconds, 2),
            "chunk_s": round(self.chunk_seconds, 2),
            "parse_raw_mb_per_s": _rate(self.raw, self.parse_seconds),
            "chunk_text_mb_per_s": _rate(self.text, self.chunk_seconds),
            "raw_mb_per_s": _rate(self.raw, self.parse_seconds + self.chunk_seconds),
            "text_mb_per_s": _rate(self.text, self.parse_seconds + self.chunk_seconds),
            "documents": self.documents,
            "chunks": len(self.tokens),
            "tokens": sum(self.tokens),
            "p5": lengths[len(lengths) // 20],
            "median": lengths[len(lengths) // 2],
            "p95": lengths[len(lengths) * 19 // 20],
            "max": lengths[-1],
            "share_tiny": round(sum(n < TINY for n in self.tokens) / max(1, len(self.tokens)), 4),
        }

    def hottest(self, n: int = 3) -> list[str]:
        """The functions with the most time of their own while parsing, as ``module:function share``."""
        stats: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = {}
        if self.profile.getstats():
            stats = pstats.Stats(self.profile).stats  # pyrefly: ignore[missing-attribute] - not in typeshed
        total = sum(own for _, _, own, _, _ in stats.values()) or 1.0
        ranked = sorted(stats.items(), key=lambda item: -item[1][2])[:n]
        return [f"{Path(file).stem}:{name} {own / total:.0%}" for (file, _, name), (_, _, own, _, _) in ranked]


def _rate(size: int, seconds: float) -> float:
    return round(size / 1e6 / seconds, 2) if seconds else 0.0


def sources(corpus: Path) -> Iterator[tuple[Path, list[SourceFile]]]:
    """Each folder ``<doc_type>/<source>`` with its files, as a load would list them."""
    for root in sorted(path for path in corpus.glob("*/*") if path.is_dir()):
        source = DirectorySource(kind="directory", name="source", location=str(root))
        yield root, list(walk(root, Partition("type", "source", source)))


def measure(file: SourceFile, root: Path, readings: dict[str, Reading], tokenizer: WindowTokenizer, hot: bool) -> None:
    """Reads, parses and chunks one file; the time goes to the format that reads its kind."""
    try:
        raw = formats.RawFile(file.path, read(file, Settings.max_file_bytes), {}, SourceNeighbours(root))
    except (DocumentSkipped, DocumentRejected):
        readings.setdefault("unread", Reading()).files += 1
        return
    started = time.process_time()
    reader = formats.detect(raw)
    reading = readings.setdefault(reader.name if reader else "unread", Reading())
    reading.files += 1
    reading.raw += len(raw.data)
    try:
        if hot:
            reading.profile.enable()
        documents = formats.parse(raw, reader.name if reader else "auto")
    except DocumentSkipped:
        reading.skipped += 1
        documents = []
    except DocumentRejected:
        reading.rejected += 1
        documents = []
    finally:
        reading.profile.disable()
        parsed = time.process_time()
        reading.parse_seconds += parsed - started
    for document in documents:
        reading.tokens.extend(passage.token_count for passage in chunk(document, tokenizer))
    reading.chunk_seconds += time.process_time() - parsed
    reading.documents += len(documents)
    reading.text += sum(len(lay_out(document)[0]) for document in documents)


def table(reports: dict[str, dict[str, Any]]) -> Table:
    """One row per format."""
    columns = {
        "files": "files",
        "raw_mb": "MB raw",
        "text_mb": "MB text",
        "parse_s": "parse s",
        "chunk_s": "chunk s",
        "parse_raw_mb_per_s": "parse MB/s",
        "chunk_text_mb_per_s": "chunk MB/s",
        "raw_mb_per_s": "raw MB/s",
        "text_mb_per_s": "text MB/s",
        "documents": "documents",
        "chunks": "chunks",
        "tokens": "tokens",
        "p5": "p5",
        "median": "median",
        "p95": "p95",
        "max": "max",
        "share_tiny": f"< {TINY}",
    }
    drawn = Table("format", *columns.values(), box=None, pad_edge=False)
    for name, report in reports.items():
        cells = [f"{report['share_tiny']:.1%}" if key == "share_tiny" else f"{report[key]:,}" for key in columns]
        drawn.add_row(name, *cells, style="bold" if name == "all" else None)
    return drawn


def main() -> None:
    """Prints a table, or one JSON object with an entry per format and ``all``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--corpus", type=Path, default=EXAMPLES, help="folder laid out <doc_type>/<source>/…")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--hot", action="store_true", help="also name the three hottest functions of each format")
    arguments = parser.parse_args()
    tokenizer = open_tokenizer(Settings.from_environment())
    readings: dict[str, Reading] = {}
    for root, files in sources(arguments.corpus):
        for file in files:
            measure(file, root, readings, tokenizer, arguments.hot)
    whole = Reading()
    for reading in readings.values():
        whole.add(reading)
    reports = {name: readings[name].report() for name in sorted(readings)} | {"all": whole.report()}
    hot = {name: readings[name].hottest() for name in sorted(readings)} if arguments.hot else {}
    if arguments.json:
        print(json.dumps({"formats": reports, "hot": hot} if hot else {"formats": reports}, indent=2))
        return
    console = Console(width=None if Console().is_terminal else 200)
    console.print(table(reports))
    for name, functions in hot.items():
        console.print(f"{name}: {', '.join(functions)}", highlight=False)


if __name__ == "__main__":
    main()
