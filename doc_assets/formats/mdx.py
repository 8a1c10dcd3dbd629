"""The format ``mdx``: Markdown with JSX, as Docusaurus, Mintlify and Nextra pages are written.

Components are unwrapped and imports dropped before the text is read as Markdown (``jsx``); nothing is evaluated.
"""

from __future__ import annotations

from doc_assets.document import Document
from doc_assets.formats import RawFile
from doc_assets.formats.markdown import markdown_document

__all__ = ["MdxFormat"]


class MdxFormat:
    """MDX files, also those that no MDX compiler accepts: what does not read as JSX is text."""

    name = "mdx"
    version = 2
    suffixes = frozenset((".mdx",))
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Any file with the suffix."""
        return True

    def parse(self, file: RawFile) -> list[Document]:
        """One document.

        Raises:
            DocumentRejected: The bytes are not text.
        """
        return [markdown_document(file, self.name, mdx=True)]
