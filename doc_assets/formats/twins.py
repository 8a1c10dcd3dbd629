"""One notebook in several files: jupytext's pairs, and pages that R Markdown and Quarto render to Markdown.

Of such files one is read: the notebook with its outputs (``.ipynb``), the page that was rendered, else the one that the
pair names first. Where that one holds no text, or its own header puts another first, no file gives way to it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from doc_assets.errors import DocumentRejected
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.markdown.front_matter import split_front_matter, stated_in_yaml
from doc_assets.formats.notebook.cells import cell_text
from doc_assets.formats.notebook.format import read_notebook
from doc_assets.formats.notebook_header import COMMENTS, notebook_facts, read_header

_FORMAT = re.compile(r"(?:(?P<folder>[\w./-]{0,200})//)?(?P<name>[\w.-]{1,60})(?::[\w-]{1,40})?$")
_MOST = 10  # files of one notebook
_TO_MARKDOWN = frozenset(("github_document", "md_document", "gfm", "commonmark", "markdown_github", "md"))


def twin_of(file: RawFile, stated: Mapping) -> str | None:
    """Return why a notebook as text is not read: another file of its pair is; None if it is to be read.

    Args:
        file: The notebook as text.
        stated: Its header: ``jupytext`` with ``formats: ipynb,md:myst``.
    """
    formats = _formats(stated)
    for path in _others(file.path, formats):
        if path.endswith(".ipynb"):
            if _is_notebook(file, path):
                return f"the text of the notebook {path}, which is read with its outputs"
        elif _comes_first(file, path):
            return f"the same notebook as {path}, which is read"
    path = f"{posixpath.splitext(file.path)[0]}.ipynb"
    if (
        not formats
        and isinstance(stated.get("jupytext"), Mapping)
        and _is_notebook(file, path, paired_with=file.suffix)
    ):
        return f"the text of the notebook {path}, which is read with its outputs"
    return None


def rendered_twin(file: RawFile, stated: Mapping) -> str | None:
    """Return why the source of a Markdown page is not read: the page beside it is, with what its cells printed."""
    formats: set[str] = set()
    for name in ("output", "format"):
        value = stated.get(name)
        values = value if isinstance(value, (list, Mapping)) else [value]
        formats |= {str(one).rpartition(":")[2] for one in values}
    path = f"{posixpath.splitext(file.path)[0]}.md"
    if not formats & _TO_MARKDOWN or _text_of(file, path) is None:
        return None
    return f"the source of {path}, which is read with what its cells printed"


def _others(path: str, formats: str) -> Iterator[str]:
    """Yield the paths of the other files of a pair that come before this one: the ``.ipynb``, then as listed."""
    place = PurePosixPath(path)
    listed = [match for one in formats.split(",")[:_MOST] if (match := _FORMAT.match(one.strip()))]
    own = next((match for match in listed if _is_own(match, place)), None)
    if own is None:
        return
    base = place.parent
    if own["folder"]:
        base = PurePosixPath(*base.parts[: len(base.parts) - len(PurePosixPath(own["folder"]).parts)])
    name = place.name[: -len(_suffix(own))]
    first = [match for match in listed if _suffix(match) == ".ipynb"]
    for match in (*first, *listed[: listed.index(own)]):
        if match is not own:
            found = posixpath.normpath(posixpath.join(str(base), match["folder"] or "", name + _suffix(match)))
            if not found.startswith("../") and found != path:
                yield found


def _is_own(match: re.Match[str], place: PurePosixPath) -> bool:
    folder = PurePosixPath(match["folder"] or "").parts
    inside = not folder or place.parent.parts[-len(folder) :] == folder
    return inside and place.name.lower().endswith(_suffix(match).lower())


def _suffix(match: re.Match[str]) -> str:
    name = match["name"]
    return name if name.startswith(".") else f".{name}"


def _document(file: RawFile, path: str) -> bytes | None:
    """Return the bytes of another file that is a document of the source."""
    read = getattr(file.neighbours, "document", file.neighbours.read)
    return read(path)


def _text_of(file: RawFile, path: str) -> str | None:
    """Return the text of another document; None if there is none that can be read, or only front matter."""
    try:
        text = decode(_document(file, path) or b"")
    except DocumentRejected:
        return None
    suffix = posixpath.splitext(path)[1].lower()
    body = text[read_header(text, suffix).end :] if suffix in COMMENTS else split_front_matter(text)[1]
    return text if body.strip() else None


def _comes_first(file: RawFile, path: str) -> bool:
    """Return whether another text of a notebook is read: its own header puts no file before it that can be read."""
    text = _text_of(file, path)
    if text is None:
        return False
    suffix = posixpath.splitext(path)[1].lower()
    stated = read_header(text, suffix).notebook if suffix in COMMENTS else notebook_facts(stated_in_yaml(text))
    return not any(
        other == file.path
        or (_is_notebook(file, other) if other.endswith(".ipynb") else _text_of(file, other) is not None)
        for other in _others(path, _formats(stated))
    )


def _formats(stated: Mapping) -> str:
    header = stated.get("jupytext")
    formats = header.get("formats") if isinstance(header, Mapping) else None
    return formats if isinstance(formats, str) else ""


def _is_notebook(file: RawFile, path: str, paired_with: str = "") -> bool:
    """Return whether a path holds a notebook that can be read; with ``paired_with``, one that names that suffix."""
    data = _document(file, path)
    if data is None:
        return False
    try:
        notebook = read_notebook(data)
    except DocumentRejected:
        return False
    if not any(isinstance(cell, dict) and cell_text(cell.get("source")).strip() for cell in notebook["cells"]):
        return False
    if not paired_with:
        return True
    facts = notebook.get("metadata")
    formats = _formats(facts) if isinstance(facts, Mapping) else ""
    return any(
        _suffix(match).lower() == paired_with for one in formats.split(",") if (match := _FORMAT.match(one.strip()))
    )
