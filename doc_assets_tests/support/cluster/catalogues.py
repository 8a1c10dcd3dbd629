"""Documents for loads in pods: small ones, and partitions of more than one batch."""

from __future__ import annotations

from pathlib import Path

from doc_assets_tests.support.apiserver.forked import BATCH_FILES

# Documents of one chunk each.
SEVERAL_BATCHES = 6 * BATCH_FILES - 9


def page(name: str, i: int, words: str = "") -> str:
    """Return a document of one chunk that no other document has."""
    return f"# {name} {i}\n\nHow subject{i} of {name} behaves under load{i}. {words}\n"


def write_source(folder: Path, name: str, documents: int) -> None:
    """Write a folder of pages."""
    (folder / name).mkdir()
    for i in range(documents):
        (folder / name / f"page-{i:03d}.md").write_text(page(name, i))


def catalogue_of(folder: Path, types: dict[str, dict[str, int]]) -> str:
    """Write sources with so many documents each below a folder; return their catalogue."""
    lines = ["types:"]
    for doc_type, sources in types.items():
        lines += [f"  {doc_type}:", "    sources:"]
        for name, documents in sources.items():
            write_source(folder, name, documents)
            lines.append(f"      - {{name: {name}, kind: directory, location: {folder / name}}}")
    return "\n".join(lines) + "\n"
