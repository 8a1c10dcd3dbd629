"""The protocol that each format implements, and the file that it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol, runtime_checkable

from doc_assets.document import Document

# Files in which sites and books list their pages; ``navigation`` reads them.
NAVIGATION_FILES = frozenset(
    (
        *("SUMMARY.md", "book.toml", "_sidebar.md"),  # mdBook, GitBook, literate-nav; docsify
        *("docs.json", "mint.json"),  # Mintlify
        *("_category_.json", "_category_.yml", "_category_.yaml"),  # Docusaurus
        *("sidebars.json", "sidebars.js", "sidebars.ts", "sidebars.cjs", "sidebars.mjs"),
        *("_meta.json", "_meta.js", "_meta.jsx", "_meta.ts", "_meta.tsx", "_meta.mjs"),  # Nextra
        *("_meta.en.json", "_meta.en-US.json"),
        *("meta.json", "meta.yaml", "meta.yml"),  # Fumadocs
        *("_toc.yaml", "_book.yaml"),  # DevSite: TensorFlow
        *("_toc.yml", "myst.yml", "_quarto.yml", "_bookdown.yml"),  # Jupyter Book, MyST, Quarto, bookdown
        *("mkdocs.yml", "mkdocs.yaml", ".pages", ".nav.yml", ".nav.yaml"),  # MkDocs with awesome-pages, awesome-nav
        *("_index.md", "_index.html"),  # Hugo
        *("conf.py", "index.rst", "index.md", "index.txt"),  # Sphinx
        "antora.yml",  # Antora, which names its nav.adoc
        ".doc-assets-llms.json",  # of pages that were fetched by a site's llms.txt
    )
)


class Neighbours(Protocol):
    """Other files of a file's source: its includes and tables of contents."""

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None if there is no such file or it may not be read.

        Each path, found or not, is recorded with the document, which is parsed again when such a file changes.

        Args:
            path: Path relative to the source's root, ``/`` between parts, without ``.`` and ``..``
                (``posixpath.normpath`` of the document's path); None is returned for one outside the root.
        """
        ...


class ListingNeighbours(Neighbours, Protocol):
    """Neighbours that know the source: what navigation files a folder holds, and which files are documents."""

    def navigation(self, folder: str) -> frozenset[str]:
        """Return those of ``NAVIGATION_FILES`` that are in a folder; recorded, as ``read`` is, for all of them.

        Args:
            folder: Path relative to the source's root; "" for the root.
        """
        ...

    def document(self, path: str) -> bytes | None:
        """Return a file's bytes if the globs of its source take it as a document; recorded, as ``read`` is.

        Args:
            path: Path as for ``read``.
        """
        ...


class _NoNeighbours:
    def read(self, path: str) -> bytes | None:
        return None


NO_NEIGHBOURS: Neighbours = _NoNeighbours()


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file to parse.

    Attributes:
        path: Path relative to the source's root, ``/`` between parts.
        data: The file's bytes.
        attributes: The catalogue's facts about the source (crate, version, product …), for metadata.
        neighbours: Other files of the source.
    """

    path: str
    data: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)
    neighbours: Neighbours = NO_NEIGHBOURS

    @property
    def stem(self) -> str:
        """Return the file's name without its last suffix."""
        return PurePosixPath(self.path).stem

    @property
    def suffix(self) -> str:
        """Return the last suffix, lower case, with its dot (``.md``)."""
        return PurePosixPath(self.path).suffix.lower()


@runtime_checkable
class Format(Protocol):
    """Reads one native format.

    Attributes:
        name: Name in the catalogue, stored with each document.
        version: Number raised when the same bytes give another ``Document``; part of a snapshot's recipe.
        suffixes: Suffixes, lower case with dot, that the format claims if the catalogue says ``auto``.
        priority: Rank among the formats that claim a suffix and accept a file; the highest reads it.
    """

    name: str
    version: int
    suffixes: frozenset[str]
    priority: int

    def accepts(self, file: RawFile) -> bool:
        """Return whether the format can read the file, from its first kilobytes; called for ``suffixes`` only."""
        ...

    def parse(self, file: RawFile) -> list[Document]:
        """Return the documents in the file, in order: one, or several if it holds a whole crate.

        Raises:
            DocumentSkipped: Nothing to load (empty, redirect, index page); the message is the reason.
            DocumentRejected: Not of this format, or unreadable; the message is the reason.
        """
        ...
