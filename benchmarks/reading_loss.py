"""How many words of each file's own rendering the product loses, and which marks of its source stand in the text.

    python -m benchmarks.reading_loss DIR [--source TYPE/NAME] [--format NAME] [--worst 20] [--over 0.05] [--jobs 2]

DIR is laid out ``<doc_type>/<source>/…``. Words are compared as multisets, file by file, after the same folding: case,
punctuation, addresses. Exit status 1 if a format is over ``--max-lost`` or ``--max-marks``, so that it can gate. No
database, no model, and none of the product's code in the reference, which is in ``renderings``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

# Run as a file, it finds only its own folder.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from benchmarks.renderings import RENDERINGS, Rendering, rustdoc_crate
from doc_assets import formats
from doc_assets.catalogue import DirectorySource, Partition
from doc_assets.document import Document, lay_out
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.settings import Settings
from doc_assets.sources.included_files import SourceNeighbours
from doc_assets.sources.walk import walk

_WORD = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"\b(?:https?|ftp)://[^\s<>()\[\]\"'`]+|\bwww\.[^\s<>()\[\]\"'`]+")
# Formulas hold braces of their own.
_MATH = re.compile(
    r"\$\$.+?\$\$|\$[^$]{1,2000}\$|\\begin\{(\w+\*?)\}.+?\\end\{\1\}|\\\[.+?\\\]|\\\(.+?\\\)",
    re.DOTALL,
)
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_HTML = r"div|span|p|a|br|img|table|t[rdh]|details|summary|sup|sub|script|style|Tabs?|TabItem"
MARKS = {
    name: re.compile(pattern, re.MULTILINE)
    for name, pattern in {
        "{%": r"\{%|%\}",
        "{{": r"\{\{|\}\}",
        ":::": r"^\s*:::+",
        "///": r"^\s*///",
        "!!!": r"^\s*!!!\s+\w|^\s*\?\?\?\+?\s+\w+\s+\"",
        "===": r"^===\+?!?\s+\"",
        "](": r"\]\(",
        "<tag": rf"</?(?:{_HTML})\b[^<>]*>",
        "&entity;": r"&(?:nbsp|amp|lt|gt|quot|#\d+|#x[0-9a-fA-F]+);",
        ".. ": r"^\s*\.\. [\w:-]+::",
        ":role:": r":(?:ref|doc|class|func|meth|kbd|file|option|term|c:\w+|py:\w+):`",
        "{role}": r"\{[\w:+-]+\}`",
        "¶": "¶",
        "{#id}": r"\{\s*:?\s*#[\w-]+[^{}\n]*\}|\{/\*|\{:\s*\.",
        "```": r"```|~~~",
        "[!NOTE]": r"\[!\w+\]",
        "<!--": r"<!--",
        "[^1]": r"\[\^[\w-]+\]",
        "import": r"^(?:import\s.+\sfrom\s+['\"]|export\s+(?:const|default)\b)",
    }.items()
}
# Marks of CommonMark itself: what its reader leaves in the text is what a page shows.
_CORE = ("](", "```", "<tag")
_PROSE = ("prose", "list", "table")


@dataclass(frozen=True)
class Loss:
    """One file: words of its own rendering, those of them that the product lacks, and marks in the product's text."""

    path: str
    format: str
    words: int = 0
    lost: int = 0
    added: int = 0
    lost_words: dict[str, int] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    unread: str = ""

    @property
    def share(self) -> float:
        """Share of the words that is lost."""
        return self.lost / self.words if self.words else 0.0


def words(text: str) -> Counter[str]:
    """Count the words of a text, folded: lower case, no punctuation, no addresses; `Map`s is one word."""
    text = unicodedata.normalize("NFC", text.replace("`", ""))
    return Counter(_WORD.findall(_ADDRESS.sub(" ", text).casefold()))


def marks(documents: Iterable[Document], own: Rendering) -> dict[str, int]:
    """Count marks in titles, headings and blocks but code, less those that the own rendering shows to its reader."""
    found: Counter[str] = Counter()
    for document in documents:
        shown = [document.title]
        for section in document.sections:
            shown += section.heading_path[-1:]
            shown += [block.text for block in section.blocks if block.kind in _PROSE]
        text = _MATH.sub(" ", _SPAN.sub("'", "\n".join(shown)))
        found.update({name: len(mark.findall(text)) for name, mark in MARKS.items()})
    seen = {name: own.text if name in _CORE else own.code for name in MARKS if found[name]}
    return {name: n for name, text in seen.items() if (n := found[name] - len(MARKS[name].findall(text))) > 0}


def compare(root: Path, path: str) -> Loss | None:
    """Read one file both ways; return None for a file that no format with a rendering reads.

    Args:
        root: The source's root.
        path: The file's path below it.
    """
    data = (root / path).read_bytes()
    if len(data) > Settings.max_file_bytes:
        return Loss(path, "", unread="too large")
    file = formats.RawFile(path, data, {}, SourceNeighbours(root))
    reader = formats.detect(file)
    if reader is None or reader.name not in RENDERINGS:
        return None
    if reader.name == "jupytext" and Path(path).suffix != ".md":
        return None  # of scripts nothing but their reader makes text
    try:
        documents = formats.parse(file, reader.name)
    except (DocumentSkipped, DocumentRejected) as reason:
        return Loss(path, reader.name, unread=str(reason))
    text = data.decode("utf-8", "replace")
    own = rustdoc_crate(text, root.parent) if reader.name == "rustdoc_json" else RENDERINGS[reader.name](text)
    expected = words(own.text)
    kept: Counter[str] = Counter()
    for document in documents:
        kept.update(words(f"{document.title}\n{lay_out(document)[0]}"))
    lost = expected - kept
    return Loss(
        path,
        reader.name,
        expected.total(),
        lost.total(),
        (kept - expected).total(),
        dict(lost.most_common(40)),
        marks(documents, own),
    )


def tasks(folder: Path, only: str = "*/*") -> Iterator[tuple[Path, str]]:
    """Yield each file of each source ``<doc_type>/<source>`` that the pattern names, in order."""
    for root in sorted(path for path in folder.glob(only) if path.is_dir()):
        source = DirectorySource(kind="directory", name="source", location=str(root))
        for file in walk(root, Partition("type", "source", source)):
            yield root, file.path


def _task(task: tuple[Path, str]) -> tuple[str, Loss | None]:
    root, path = task
    return f"{root.parent.name}/{root.name}", compare(root, path)


@dataclass
class Figures:
    """Sums over the files of one format."""

    pages: int = 0
    words: int = 0
    lost: int = 0
    added: int = 0
    marks: Counter[str] = field(default_factory=Counter)

    def add(self, loss: Loss) -> None:
        """Take a file along."""
        self.pages += 1
        self.words += loss.words
        self.lost += loss.lost
        self.added += loss.added
        self.marks.update(loss.marks)

    @property
    def share(self) -> float:
        """Share of the words that is lost."""
        return self.lost / max(1, self.words)

    @property
    def marks_per_100_pages(self) -> float:
        """Marks in the text of a hundred pages."""
        return 100 * self.marks.total() / max(1, self.pages)

    def report(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        return {
            "pages": self.pages,
            "words": self.words,
            "lost": self.lost,
            "lost_share": round(self.share, 5),
            "added_share": round(self.added / max(1, self.words), 5),
            "marks": self.marks.total(),
            "marks_per_100_pages": round(self.marks_per_100_pages, 2),
            "marks_by_kind": dict(self.marks.most_common()),
        }


@dataclass
class Report:
    """Figures by format, and the pages to look at.

    Attributes:
        over: Share of lost words from which a page is listed; one with marks always is.
    """

    over: float
    formats: dict[str, Figures] = field(default_factory=dict)
    pages: list[tuple[str, Loss]] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)

    def add(self, source: str, loss: Loss) -> None:
        """Take a file along."""
        if loss.unread:
            self.unread[loss.format or loss.unread] += 1
            return
        self.formats.setdefault(loss.format, Figures()).add(loss)
        if loss.share > self.over or loss.marks:
            self.pages.append((source, loss))

    def beyond(self, max_lost: float, max_marks: float) -> list[str]:
        """Return the formats that lose more words, or leak more marks, than the bounds."""
        return sorted(
            name
            for name, figures in self.formats.items()
            if figures.share > max_lost or figures.marks_per_100_pages > max_marks
        )


def main() -> None:
    """Print a table and the worst pages, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="folder laid out <doc_type>/<source>/…")
    parser.add_argument("--source", default="*/*", help="<doc_type>/<source>, a pattern")
    parser.add_argument("--format", help="this format only")
    parser.add_argument("--worst", type=int, default=10, help="pages of each format to list")
    parser.add_argument("--over", type=float, default=0.05, help="list pages that lose more than this share")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--max-lost", type=float, default=0.01, help="share of a format's words; beyond it, status 1")
    parser.add_argument("--max-marks", type=float, default=1.0, help="marks a hundred pages; beyond it, status 1")
    arguments = parser.parse_args()
    report = Report(arguments.over)
    with multiprocessing.get_context("spawn").Pool(arguments.jobs) as pool:
        for source, loss in pool.imap(_task, tasks(arguments.folder, arguments.source), chunksize=16):
            if loss is not None and arguments.format in (None, loss.format):
                report.add(source, loss)
    if arguments.json:
        found = {name: report.formats[name].report() for name in sorted(report.formats)}
        pages = [{"source": source, **asdict(loss)} for source, loss in report.pages]
        print(json.dumps({"formats": found, "unread": dict(sorted(report.unread.items())), "pages": pages}, indent=1))
    else:
        show(report, arguments.worst)
    sys.exit(1 if report.beyond(arguments.max_lost, arguments.max_marks) else 0)


def show(report: Report, worst: int) -> None:
    """Print the table and the worst pages of each format."""
    console = Console(width=None if Console().is_terminal else 200)
    table = Table("format", "pages", "words", "lost", "added", "marks", "a hundred pages", "by kind", box=None)
    for name, figures in sorted(report.formats.items()):
        found = figures.report()
        table.add_row(
            name,
            f"{found['pages']:,}",
            f"{found['words']:,}",
            f"{found['lost_share']:.2%}",
            f"{found['added_share']:.2%}",
            f"{found['marks']:,}",
            f"{found['marks_per_100_pages']}",
            " ".join(f"{kind} {n}" for kind, n in found["marks_by_kind"].items()),
        )
    console.print(table)
    lines: list[str] = []
    for name in sorted(report.formats):
        own = [(source, loss) for source, loss in report.pages if loss.format == name]
        for source, loss in sorted(own, key=lambda pair: -pair[1].share)[:worst]:
            if loss.share > report.over:
                lost = " ".join(loss.lost_words)[:100]
                lines.append(f"{name}: {loss.share:.1%} of {loss.words} words: {source}/{loss.path}: {lost}")
        marked = sorted((pair for pair in own if pair[1].marks), key=lambda pair: -sum(pair[1].marks.values()))
        for source, loss in marked[:worst]:
            kinds = ", ".join(f"{n} {kind}" for kind, n in loss.marks.items())
            lines.append(f"{name}: {kinds}: {source}/{loss.path}")
    if report.unread:
        lines.append("not read: " + ", ".join(f"{n:,} {name}" for name, n in sorted(report.unread.items())))
    for line in lines:
        console.print(line, markup=False, highlight=False)


if __name__ == "__main__":
    main()
