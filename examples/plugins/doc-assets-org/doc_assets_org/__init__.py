"""Org mode for doc-assets: the class behind the entry point.

Lines become blocks in ``reading``, what stands inside a line is read by ``marks``.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from doc_assets.document import Document, json_safe
from doc_assets.formats import RawFile, decode
from doc_assets_org.reading import Reader

__all__ = ["OrgFormat"]


class OrgFormat:
    """Org files; see ``doc_assets.formats.Format`` for what the attributes mean."""

    name = "org"
    version = 1
    suffixes = frozenset((".org",))
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Any file with the suffix: all text is Org."""
        return True

    def parse(self, file: RawFile) -> list[Document]:
        """One document.

        Raises:
            DocumentRejected: The bytes are not text.
        """
        reader = Reader(PurePosixPath(file.path).parent.as_posix(), file.neighbours)
        reader.read(decode(file.data))
        facts = json_safe(reader.facts)
        title = reader.title or file.stem.replace("-", " ").replace("_", " ").strip() or file.path
        return [Document(title, self.name, reader.sections(), facts if isinstance(facts, dict) else {})]
