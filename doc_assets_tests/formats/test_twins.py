"""What keeps a file from being read beside another form of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from doc_assets.formats.base import RawFile
from doc_assets.formats.twins import rendered_twin


@dataclass
class Documents:
    """Neighbours that know which files are documents: a rendered page that the source leaves out stands for nothing."""

    listed: frozenset[str]

    def read(self, path: str) -> bytes | None:
        return b"text"

    def document(self, path: str) -> bytes | None:
        return b"text" if path in self.listed else None


@pytest.mark.parametrize(
    ("stated", "listed", "skipped"),
    [
        ({"output": "github_document"}, {"a.md"}, True),
        ({"output": {"rmarkdown::github_document": {"toc": "true"}}}, {"a.md"}, True),
        ({"format": ["gfm"]}, {"a.md"}, True),
        ({"output": "github_document"}, set(), False),
        ({"output": "html_document"}, {"a.md"}, False),
        ({}, {"a.md"}, False),
    ],
)
def test_only_a_document_of_the_source_stands_for_its_source(stated: dict, listed: set[str], skipped: bool) -> None:
    file = RawFile("a.Rmd", b"", neighbours=Documents(frozenset(listed)))
    assert (rendered_twin(file, stated) is not None) == skipped
