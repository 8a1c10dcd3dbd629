"""The format ``jupytext``: notebooks as text, in MyST or Markdown (``.md``) or as scripts (``.py``, ``.jl``, ``.R`` …).

A file is one if its own header says so; other Markdown and other scripts are none. Markdown is read by the Markdown
reader, a script by that of notebooks. Nothing is executed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from doc_assets.document import Document, JsonValue
from doc_assets.errors import DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.jupytext.scripts import cells_of
from doc_assets.formats.markdown.containers import ends, fence_of
from doc_assets.formats.markdown.format import markdown_document
from doc_assets.formats.markdown.front_matter import stated_in_yaml
from doc_assets.formats.markdown.includes import Includes
from doc_assets.formats.notebook.format import kernel_facts, notebook_document
from doc_assets.formats.notebook_header import (
    COMMENTS,
    MARKDOWN,
    STORAGE,
    is_notebook,
    notebook_facts,
    page_facts,
    read_header,
)
from doc_assets.formats.parts import Part
from doc_assets.formats.twins import twin_of

_HEAD = 8_000  # bytes that hold a header
_HIDING = re.compile(r"tags=\[[^\[\]]*\"(?:remove[-_](?:cell|input)|hide)\"")


class JupytextFormat:
    """Reads notebooks that are stored as text, unless the notebook itself is in the source."""

    name = "jupytext"
    version = 1
    suffixes = MARKDOWN | frozenset(COMMENTS)
    priority = 10

    def accepts(self, file: RawFile) -> bool:
        """Return whether the file's header says that it is a notebook."""
        head = file.data[:_HEAD].decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")
        return is_notebook(head, file.suffix)

    def parse(self, file: RawFile) -> list[Document]:
        """Return the notebook as one document.

        Raises:
            DocumentSkipped: It has no cells, or another file of the notebook is read.
            DocumentRejected: The bytes are not text.
        """
        text = decode(file.data)
        if file.suffix not in COMMENTS:
            stated = stated_in_yaml(text)
            notebook = notebook_facts(stated)
            if twin := twin_of(file, notebook):
                raise DocumentSkipped(twin)
            return [markdown_document(file, self.name, mdx=False, dialect=_Page(notebook))]
        header = read_header(text, file.suffix)
        if twin := twin_of(file, header.notebook):
            raise DocumentSkipped(twin)
        cells = cells_of(text[header.end :], COMMENTS[file.suffix], _representation(header.notebook))
        if not cells:
            raise DocumentSkipped("no cells")
        notebook = {"cells": cells, "metadata": header.notebook}
        return [notebook_document(file, self.name, notebook, page_facts(text, file.suffix))]


class _Page:
    """Rewrites one notebook in Markdown."""

    rule = None

    def __init__(self, notebook: Mapping) -> None:
        self._notebook = notebook

    def before_includes(self, text: str) -> str:
        return _without_hidden_cells(text) if "tags=[" in text else text

    def after_includes(self, text: str, includes: Includes) -> str:
        return text

    def opening(self) -> list[Part]:
        return []

    def facts(self, stated: dict[str, JsonValue]) -> dict[str, JsonValue]:
        facts = {name: value for name, value in stated.items() if name not in STORAGE}
        return {**facts, **kernel_facts(self._notebook)}


def _representation(notebook: Mapping) -> str:
    header = notebook.get("jupytext")
    stated = header.get("text_representation") if isinstance(header, Mapping) else None
    return str(stated.get("format_name", "")) if isinstance(stated, Mapping) else ""


def _without_hidden_cells(text: str) -> str:
    """Return Markdown without the cells whose tags, in the info strings of their fences, keep them off the page."""
    kept: list[str] = []
    mark = ""
    hidden = False
    for line in text.split("\n"):
        if mark:
            if not hidden:
                kept.append(line)
            mark = "" if ends(mark, line, quoted=True) else mark
            continue
        fence = fence_of(line) if "```" in line or "~~~" in line else None
        if fence is None:
            kept.append(line)
            continue
        mark, info = fence["mark"], fence["info"]
        hidden = _HIDING.search(info) is not None
        if not hidden:
            kept.append(f"{fence['lead']}{mark}{info.partition(' ')[0]}" if "tags=[" in info else line)
    return "\n".join(kept)
