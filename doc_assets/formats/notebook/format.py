"""The format ``notebook``: Jupyter notebooks of any version (``.ipynb``).

Cells become parts in order, so that headings in Markdown cells group the code below; ``cells`` reads them. Nothing is
executed.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping
from typing import Any

from doc_assets.document import Document, JsonValue, clean_text, json_safe
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.directive_includes import DirectiveFiles
from doc_assets.formats.markdown.front_matter import split_front_matter
from doc_assets.formats.markdown.includes import Includes
from doc_assets.formats.navigation.finding import place_of
from doc_assets.formats.notebook.cells import cell_parts, cell_text, mapping
from doc_assets.formats.outline import outline, readable_name
from doc_assets.formats.parts import Heading
from doc_assets.formats.rst.includes import Surroundings

_LFS = b"version https://git-lfs.github.com/spec"
_LONGEST_NUMBER = 400  # digits
_DATABRICKS = "application/vnd.databricks.v1+notebook"


class NotebookFormat:
    """Reads notebooks: text and code unchanged, outputs shortened to text worth a search."""

    name = "notebook"
    version = 3
    suffixes = frozenset((".ipynb",))
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Return True; ``parse`` rejects other files with the reason."""
        return True

    def parse(self, file: RawFile) -> list[Document]:
        """Return the notebook as one document.

        Raises:
            DocumentSkipped: The notebook has no cells.
            DocumentRejected: The file is not a notebook, or damaged.
        """
        notebook = read_notebook(file.data)
        cells = [cell for cell in notebook["cells"] if isinstance(cell, dict)]
        if not cells:
            raise DocumentSkipped("no cells")
        front, cells = _front_matter(cells)
        return [notebook_document(file, self.name, {**notebook, "cells": cells}, front)]


def notebook_document(
    file: RawFile, format_name: str, notebook: Mapping[str, Any], front: Mapping[str, Any]
) -> Document:
    """Return the document in a notebook.

    Args:
        file: The file.
        format_name: Name of the format that reads it.
        notebook: The notebook in the layout of nbformat 4, with its cells in order.
        front: Its front matter.
    """
    surroundings = Surroundings(file.path, file.neighbours)
    includes = Includes(file)
    files = DirectiveFiles(includes, file.path)
    parts = list(cell_parts(notebook["cells"], surroundings, files, mapping(front.get("execute"))))
    facts = mapping(notebook.get("metadata"))
    has_title = any(isinstance(part, Heading) and part.level == 1 for part in parts)
    stated = front.get("title") or (
        None if has_title else facts.get("title") or mapping(facts.get(_DATABRICKS)).get("notebookName")
    )
    place = place_of(file)
    title, sections = outline(
        parts,
        title=clean_text(stated) if isinstance(stated, str) else None,
        fallback=place.title or readable_name(file.path),
    )
    metadata = {
        **front,
        **kernel_facts(facts, notebook.get("nbformat")),
        **surroundings.together_with(includes).facts(),
    }
    return Document(title, format_name, sections, {**metadata, **place.facts(metadata)}, place.parents)


def _front_matter(cells: list[dict[str, Any]]) -> tuple[dict[str, JsonValue], list[dict[str, Any]]]:
    """Split front matter (MyST, Quarto, Jupytext) off the first cell that is not empty; return it and the cells."""
    for number, cell in enumerate(cells):
        source = cell_text(cell.get("source"))
        if not source.strip():
            continue
        if cell.get("cell_type") in ("raw", "markdown") and source.lstrip().startswith(("---", "+++")):
            front, rest = split_front_matter(source.lstrip())
            if front or not rest.strip():
                return front, [{**cell, "source": rest}, *cells[number + 1 :]]
        break
    return {}, cells


def read_notebook(data: bytes) -> dict[str, Any]:
    """Return the notebook in the layout of nbformat 4, a mapping whose ``cells`` is a list.

    Older versions are upgraded; later ones are read as 4 if they have cells.

    Raises:
        DocumentRejected: The file is not a notebook, or is damaged.
    """
    notebook = _load(data)
    if not isinstance(notebook, dict):
        kinds: dict[type, str] = {list: "a list", str: "a string", type(None): "null"}
        found = kinds.get(type(notebook), "a number")
        raise DocumentRejected(
            f"JSON, but not a notebook: {found} where an object with cells was expected; fetch it again, or exclude it"
            " in the catalogue"
        )
    version = notebook.get("nbformat")
    if version == 1 and isinstance(notebook.get("cells"), list):
        notebook = _upgraded(notebook, 1)
    elif "cells" not in notebook and "worksheets" in notebook:
        notebook = _upgraded(notebook, 2 if version == 2 else 3)
    if "cells" not in notebook:
        raise DocumentRejected(
            "JSON, but not a notebook: it has no 'cells'; fetch it again, or exclude it in the catalogue"
        )
    if not isinstance(notebook["cells"], list):
        raise DocumentRejected("damaged notebook: 'cells' is not a list; save it again, or exclude it in the catalogue")
    return notebook


def _load(data: bytes) -> object:
    start = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not data.strip(b"\0 \t\r\n"):
        raise DocumentRejected("empty file: a notebook is a JSON document; save or fetch it again")
    if start.startswith(_LFS):
        raise DocumentRejected("Git LFS pointer, not the notebook: fetch the real file with git lfs pull")
    if start.startswith(b"<"):
        raise DocumentRejected("an HTML page, not a notebook: fetch the raw file")
    try:
        try:
            return json.loads(data, parse_int=_integer)
        except UnicodeDecodeError:
            return json.loads(data.decode("utf-8-sig", errors="replace"), parse_int=_integer)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(error.doc.rstrip()) - 1 or error.msg.startswith("Unterminated")
        what = "the file is cut off" if cut else error.msg
        raise DocumentRejected(
            f"not valid JSON: {what} (line {error.lineno}, column {error.colno}); fetch it again, or exclude it in the"
            " catalogue"
        ) from error
    except RecursionError as error:
        raise DocumentRejected("JSON that is nested too deep: exclude it in the catalogue") from error


def _integer(digits: str) -> int | None:
    """Return the number, or None for a long one: Python refuses over 4,300 digits, and no notebook needs them."""
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None


def _upgraded(notebook: dict[str, Any], version: int) -> dict[str, Any]:
    import nbformat  # loads jsonschema (0.2 s); one notebook in forty needs it

    log = logging.getLogger("traitlets")  # nbformat reports missing keys of old notebooks there
    silenced, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            joined = nbformat.versions[version].to_notebook_json(
                {"nbformat_minor": 0, "metadata": {}, **notebook, "nbformat": version}
            )
            return dict(nbformat.convert(joined, 4))
    except Exception as error:  # nbformat's converters raise any error on a missing key
        reason = f"{type(error).__name__}: {error}"
        raise DocumentRejected(
            f"damaged notebook: nbformat {version} that cannot be upgraded to 4 ({reason}); save it with Jupyter, or"
            " exclude it in the catalogue"
        ) from error
    finally:
        log.disabled = silenced


def kernel_facts(facts: Mapping[str, Any], nbformat: object = None) -> dict[str, JsonValue]:
    """Return the kernel, its language and the version of the format.

    Args:
        facts: The notebook's metadata.
        nbformat: The version that the notebook states.
    """
    kernel = mapping(facts.get("kernelspec"))
    language = mapping(facts.get("language_info")).get("name") or kernel.get("language")
    if not language and isinstance(name := kernel.get("name"), str) and name.startswith("python"):
        language = "python"  # Colab writes no more than the kernel's name
    stated = {
        "kernel": kernel.get("display_name") or kernel.get("name"),
        "language": language,
        "nbformat": facts.get("orig_nbformat") or nbformat,
    }
    return {name: json_safe(value) for name, value in stated.items() if isinstance(value, (str, int))}
