"""The format ``quarto``: Quarto documents (``.qmd``) and R Markdown (``.Rmd``), as their web pages show them.

The Markdown reader does the reading; ``cells`` and ``pandoc`` rewrite what only these tools have. Nothing is executed.
"""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Iterator, Mapping

from doc_assets.document import Document, JsonValue
from doc_assets.errors import DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.markdown.format import markdown_document, markdown_parts
from doc_assets.formats.markdown.front_matter import read_yaml, stated_in_yaml
from doc_assets.formats.markdown.includes import MAX_DEPTH, Includes, folders_above
from doc_assets.formats.markdown.partials import included_page
from doc_assets.formats.parts import Part
from doc_assets.formats.quarto.cells import CellWriter, engine_language, with_children
from doc_assets.formats.quarto.pandoc import rewrite_dialect
from doc_assets.formats.slugs import pandoc
from doc_assets.formats.twins import rendered_twin, twin_of

# What the page shows between its title and its text.
_SHOWN = ("subtitle", "description", "abstract")
# How a page is rendered: no facts about it.
_SETTINGS = frozenset((
    "bibliography", "css", "csl", "editor", "editor_options", "engine", "execute", "filters", "format",
    "header-includes", "include-after-body", "include-before-body", "include-in-header", "jupyter", "knitr",
    "language", "link-citations", "listing", "output", "site", "toc", "toc-depth",
))  # fmt: skip
_FOLDERS_PAGES = frozenset(("_index",))  # Hugo's, with which blogdown builds
_LONGEST_PROJECT = 200_000  # characters
_PROJECT, _FOLDER = "_quarto.yml", "_metadata.yml"


class QuartoFormat:
    """Reads Quarto and R Markdown; what other pages include is no page of its own."""

    name = "quarto"
    version = 1
    suffixes = frozenset((".qmd", ".rmd"))
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Return True: all text is Markdown."""
        return True

    def parse(self, file: RawFile) -> list[Document]:
        """Return the file as one document.

        Raises:
            DocumentSkipped: Other pages include the file, or it is another form of a document that is read.
            DocumentRejected: The bytes are not text.
        """
        if file.stem.startswith("_") and file.stem not in _FOLDERS_PAGES:
            raise DocumentSkipped("a piece that other pages include: Quarto and bookdown render no page of it")
        stated = stated_in_yaml(decode(file.data))
        if twin := twin_of(file, _notebook(stated)) or rendered_twin(file, stated):
            raise DocumentSkipped(twin)
        return [markdown_document(file, self.name, mdx=False, dialect=_Page(file, stated))]


class _Page:
    """Rewrites one page."""

    rule = staticmethod(pandoc)

    def __init__(self, file: RawFile, stated: Mapping) -> None:
        self._path = file.path
        self._stated = stated
        self._language = ""

    def before_includes(self, text: str) -> str:
        return text  # children are read after them: a child may have children

    def after_includes(self, text: str, includes: Includes) -> str:
        text = self._with_children(text, includes, 1)
        cells = CellWriter(dict(self._defaults(includes)), includes, self._path)
        text = cells.rewrite(text)
        self._language = engine_language(cells.engines)
        return rewrite_dialect(text, includes)

    def _with_children(self, text: str, includes: Includes, depth: int) -> str:
        """Return the page with its children and theirs; knitr finds them all from the folder of the page."""

        def put(name: str) -> str:
            if (found := included_page(name, includes, self._path)) is None:
                return ""
            path, child = found
            includes.open.append(path)
            child = self._with_children(child, includes, depth + 1)
            includes.open.pop()
            return f"\n\n{child}\n\n"

        return with_children(text, put) if depth < MAX_DEPTH else text

    def opening(self) -> list[Part]:
        parts: list[Part] = []
        for name in _SHOWN:
            value = self._stated.get(name)
            if isinstance(value, str) and value.strip():
                parts += markdown_parts(value, pandoc=True)
        return parts

    def facts(self, stated: dict[str, JsonValue]) -> dict[str, JsonValue]:
        facts = {name: value for name, value in stated.items() if name not in _SETTINGS}
        for name in ("author", "authors"):
            if (names := list(_names(self._stated.get(name)))) and not isinstance(self._stated[name], str):
                facts[name] = list[JsonValue](names)
        if self._language:
            facts["language"] = self._language
        return facts

    def _defaults(self, includes: Includes) -> Iterator[tuple[str, object]]:
        """Yield what the project, the folders and the page set for all cells, the outermost first."""
        found = [_cell_options(self._stated)]
        for folder in folders_above(self._path):
            of_folder, of_project = (includes.text(posixpath.join(folder, name)) for name in (_FOLDER, _PROJECT))
            found += (_options_in(text) for text in (of_folder, of_project) if text)
            if of_project:
                break
        for options in reversed(found):
            yield from options.items()


@functools.lru_cache(maxsize=64)
def _options_in(text: str) -> Mapping[str, object]:
    """Return the options for cells in a file that many pages share."""
    return _cell_options(read_yaml(text) or {}) if len(text) < _LONGEST_PROJECT else {}


def _cell_options(stated: Mapping) -> Mapping[str, object]:
    found: dict[str, object] = {}
    for options in (stated.get("execute"), _below(stated, "knitr", "opts_chunk")):
        if isinstance(options, Mapping):
            found |= {str(name).replace(".", "-"): value for name, value in options.items()}
    return found


def _notebook(stated: Mapping) -> Mapping:
    """Return what jupytext states of a page that is a notebook."""
    below = stated.get("jupyter")
    return below if isinstance(below, Mapping) else stated


def _below(stated: Mapping, *names: str) -> object:
    value: object = stated
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _names(authors: object) -> Iterator[str]:
    """Yield the names of a list of authors; each is a name, or a mapping that holds one."""
    for author in authors if isinstance(authors, list) else [authors]:
        name = author.get("name") if isinstance(author, Mapping) else author
        if isinstance(name, Mapping):
            literal = name.get("literal")
            name = literal or " ".join(str(name[part]) for part in ("given", "family") if name.get(part))
        if isinstance(name, str) and name.strip():
            yield " ".join(name.split())
