"""The format ``notebook``: Jupyter notebooks of any version (``.ipynb``).

Cells become parts in order; Markdown cells go through ``markdown``, so that their headings group the code below.
``output`` shortens outputs. Nothing is executed.
"""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from doc_assets.document import Block, Document, JsonValue, clean_text, json_safe
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.format import markdown_parts
from doc_assets.formats.markdown.front_matter import split_front_matter
from doc_assets.formats.markdown.inline_marks import drop_data_uris
from doc_assets.formats.navigation.finding import place_of
from doc_assets.formats.notebook.output import output_text
from doc_assets.formats.outline import outline, readable_name
from doc_assets.formats.parts import Anchor, Heading, Part

_LFS = b"version https://git-lfs.github.com/spec"
_ENCODED = re.compile(r"[A-Za-z0-9+/=]{400,}")  # base64 without its ``data:``; no identifier or number is that long

# Licence notices, and buttons that open a notebook elsewhere: the same words in hundreds of notebooks.
_LICENCE = re.compile(r"licensed under|permission is hereby granted|all rights reserved|creative ?commons", re.I)
_NOTICE = re.compile(
    r"\W*(?:copyright (?:\(c\) |© ?)?\d{4}|© ?\d{4}|licensed under the \w+ licen[sc]e"
    r"|you may obtain a copy of the license|unless required by applicable law|spdx-license-identifier)",
    re.I,
)
_LONGEST_NOTICE = 700  # characters; a longer paragraph is more than a notice
_BUTTON_TABLE = re.compile(r"<table\b[^<>]*+>(?:[^<]++|<(?!/?table\b))*+</table\s*>", re.I)
_ELSEWHERE = r"(?:colab\.research\.google|colab\.sandbox|kaggle\.com|mybinder\.org|nbviewer|sagemaker|deepnote)"
_BUTTON = re.compile(
    rf"\[!\[[^\[\]\n]{{0,200}}\]\([^()\n]{{0,500}}\)\]\([^()\n]{{0,500}}{_ELSEWHERE}[^()\n]{{0,500}}\)"
    rf"|<a\b[^<>]{{0,500}}{_ELSEWHERE}[^<>]{{0,500}}>\s*<img\b[^<>]*>[^<>]{{0,100}}</a\s*>",
    re.I,
)
_LONGEST_NUMBER = 400  # digits
# Tags of cells, or halves of them, that are hidden on the published page (Jupyter Book, nbsphinx, nbconvert).
_HIDDEN = frozenset(("remove-cell", "remove_cell"))
_HIDDEN_INPUT = frozenset(("remove-input", "remove_input"))
_HIDDEN_OUTPUT = frozenset(("remove-output", "remove_output", "remove_outputs"))
_BOLD_TITLE = re.compile(r"\s*(\*\*|__)([^*_\n]{3,150})\1[ \t]*(?=\n|$)")
_RAW_TEXT = frozenset(("", "text/markdown", "text/restructuredtext", "text/x-rst", "text/plain"))


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
        parts = list(_parts(cells))
        facts = _mapping(notebook.get("metadata"))
        has_title = any(isinstance(part, Heading) and part.level == 1 for part in parts)
        stated = facts.get("title") or _front_matter(cells[0]).get("title")
        place = place_of(file)
        title, sections = outline(
            parts,
            title=clean_text(stated) if isinstance(stated, str) and not has_title else None,
            fallback=place.title or readable_name(file.path),
        )
        metadata = _metadata(notebook, facts)
        return [Document(title, self.name, sections, {**metadata, **place.facts(metadata)}, place.parents)]


def read_notebook(data: bytes) -> dict[str, Any]:
    """Return the notebook in the layout of nbformat 4, a mapping whose ``cells`` is a list.

    Older versions are upgraded; later ones are read as 4 if they have cells.

    Raises:
        DocumentRejected: The file is not a notebook, or is damaged.
    """
    notebook = _load(data)
    if not isinstance(notebook, dict):
        found = {list: "a list", str: "a string", type(None): "null"}.get(type(notebook), "a number")
        raise DocumentRejected(f"JSON, but not a notebook: {found} where an object with cells was expected")
    version = notebook.get("nbformat")
    if version == 1 and isinstance(notebook.get("cells"), list):
        notebook = _upgraded(notebook, 1)
    elif "cells" not in notebook and "worksheets" in notebook:
        notebook = _upgraded(notebook, 2 if version == 2 else 3)
    if "cells" not in notebook:
        raise DocumentRejected("JSON, but not a notebook: it has no 'cells'")
    if not isinstance(notebook["cells"], list):
        raise DocumentRejected("damaged notebook: 'cells' is not a list")
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
        raise DocumentRejected(f"not valid JSON: {what} (line {error.lineno}, column {error.colno})") from error
    except RecursionError as error:
        raise DocumentRejected("JSON that cannot be read: nested too deep") from error


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
            f"damaged notebook: nbformat {version} that cannot be upgraded to 4 ({reason})"
        ) from error
    finally:
        log.disabled = silenced


def _metadata(notebook: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, JsonValue]:
    kernel = _mapping(facts.get("kernelspec"))
    language = _mapping(facts.get("language_info")).get("name") or kernel.get("language")
    if not language and isinstance(name := kernel.get("name"), str) and name.startswith("python"):
        language = "python"  # Colab writes no more than the kernel's name
    stated = {
        "kernel": kernel.get("display_name") or kernel.get("name"),
        "language": language,
        "nbformat": facts.get("orig_nbformat") or notebook.get("nbformat"),
    }
    return {name: json_safe(value) for name, value in stated.items() if isinstance(value, (str, int))}


def _parts(cells: list[dict[str, Any]]) -> Iterator[Part]:
    opening = True
    for cell in cells:
        kind = cell.get("cell_type")
        source = _text(cell.get("source"))
        if _tags(cell) & _HIDDEN:
            continue
        if kind == "code":
            yield from _code_parts(cell, source)
        elif kind == "markdown":
            text = _without_buttons(source)
            parts = [part for part in markdown_parts(text) if not _is_notice(part)]
            if not parts:
                continue
            # Many notebooks have their title in bold and use first-level headings for sections.
            if opening and (title := _BOLD_TITLE.match(text)):
                parts = [Heading(1, title[2].strip()), *markdown_parts(text[title.end() :])]
            opening = False
            yield from parts
        elif kind == "raw" and _is_text(cell, source):
            yield from markdown_parts(source)


def _code_parts(cell: Mapping[str, Any], source: str) -> Iterator[Block]:
    code = _ENCODED.sub("…", drop_data_uris(source)).rstrip()
    code = re.sub(r"\A(?:[ \t]*\n)+", "", code)
    if _is_licence(code):
        return
    tags = _tags(cell)
    if code.strip() and not tags & _HIDDEN_INPUT:
        yield Block(code, "code")
    outputs = None if tags & _HIDDEN_OUTPUT else cell.get("outputs")
    shown = output_text(outputs) if isinstance(outputs, list) else ""
    if shown:
        yield Block(shown, "output")


def _is_licence(code: str) -> bool:
    lines = [line.strip() for line in code.split("\n") if line.strip()]
    return bool(lines) and all(line.startswith(("#", "//")) for line in lines) and bool(_LICENCE.search(code))


def _is_notice(part: Part) -> bool:
    text = part.name if isinstance(part, Anchor) else part.text
    return len(text) <= _LONGEST_NOTICE and _NOTICE.match(text) is not None


def _is_text(cell: Mapping[str, Any], source: str) -> bool:
    """Return whether a raw cell is text, and not a converter's settings (front matter) or a licence."""
    facts = _mapping(cell.get("metadata"))
    mime = facts.get("raw_mimetype") or facts.get("format") or ""
    return str(mime) in _RAW_TEXT and not source.lstrip().startswith("---") and not _LICENCE.search(source)


def _front_matter(cell: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the front matter of Quarto or Jupytext in a raw cell at the top."""
    source = _text(cell.get("source"))
    return split_front_matter(source)[0] if cell.get("cell_type") == "raw" else {}


def _tags(cell: Mapping[str, Any]) -> set[str]:
    facts = _mapping(cell.get("metadata"))
    stated = facts.get("tags")
    tags = {tag for tag in stated if isinstance(tag, str)} if isinstance(stated, list) else set()
    return tags | {"remove-cell"} if facts.get("nbsphinx") == "hidden" else tags


def _without_buttons(text: str) -> str:
    if "http" not in text:
        return text
    text = _BUTTON_TABLE.sub(lambda m: "" if re.search(_ELSEWHERE, m[0], re.I) else m[0], text)
    return _BUTTON.sub("", text)


def _text(source: object) -> str:
    """Return the text of a field that nbformat stores as a string or as a list of lines."""
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return clean_text(source) if isinstance(source, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
