"""The parts of a notebook's cells in order: Markdown, code with its outputs, raw text, and what a magic makes of them.

``visibility`` says what is shown, ``magics`` which cells hold text in place of code, ``output`` shortens outputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from doc_assets.document import Block, clean_text
from doc_assets.formats.html.fragments import fragment_blocks
from doc_assets.formats.markdown.directive_includes import DirectiveFiles
from doc_assets.formats.markdown.format import markdown_parts
from doc_assets.formats.markdown.inline_marks import drop_data_uris
from doc_assets.formats.notebook.magics import form_text, other_language, titled, without_export_marks
from doc_assets.formats.notebook.output import output_text
from doc_assets.formats.notebook.visibility import split_options, visibility
from doc_assets.formats.parts import Anchor, Heading, Part
from doc_assets.formats.rst.format import rst_parts
from doc_assets.formats.rst.includes import Surroundings

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
_BOLD_TITLE = re.compile(r"\s*(\*\*|__)([^*_\n]{3,150})\1[ \t]*(?=\n|$)")
_RST = frozenset(("text/restructuredtext", "text/x-rst", "restructuredtext", "rst"))
_RAW_TEXT = frozenset(("", "text/markdown", "text/plain"))
_RST_DIRECTIVE = re.compile(r"^\.\. (?:[\w+:.-]+::|_[^:\n]+:)", re.MULTILINE)
# Quarto's options that a page shows as captions: of the listing, and of what the code draws.
_ABOVE, _BELOW = ("filename", "lst-cap"), ("fig-cap", "tbl-cap")


def cell_parts(
    cells: list[dict[str, Any]], surroundings: Surroundings, files: DirectiveFiles, defaults: Mapping[str, Any]
) -> Iterator[Part]:
    """Yield the headings and blocks of the cells.

    Args:
        cells: Cells as nbformat 4 stores them, or of a kind that only older versions have.
        surroundings: Files that cells of reStructuredText may include.
        files: Files that cells of Markdown may include.
        defaults: Quarto's ``execute`` in the notebook's front matter.
    """
    opening = True
    for cell in cells:
        kind = str(cell.get("cell_type"))
        source = cell_text(cell.get("source"))
        facts = mapping(cell.get("metadata"))
        options: dict[str, str] = {}
        if kind == "code":
            options, source = split_options(without_export_marks(source))
        shown = visibility(facts, options, defaults)
        if not (shown.source or shown.outputs):
            continue
        if kind == "code" and (other := other_language(source)):
            kind, source = other
        if kind == "code":
            if _is_licence(source):
                continue
            title, code = titled(source, facts)
            text, code = form_text(code)
            if shown.source:
                stated = [title, *(options[name] for name in _ABOVE if options.get(name))]
                yield from markdown_parts(text) if text.strip() else ()
                yield from _listing(code, ": ".join(filter(None, stated)))
            outputs = cell.get("outputs") if shown.outputs else None
            yield from _outputs(outputs, shown.streams)
            yield from (Block(options[name]) for name in _BELOW if shown.outputs and options.get(name))
        elif kind == "markdown":
            text = _without_buttons(source)
            parts = [part for part in markdown_parts(text, jupyter=True, files=files) if not _is_notice(part)]
            if not parts:
                continue
            # Many notebooks have their title in bold and use first-level headings for sections.
            if opening and (bold := _BOLD_TITLE.match(text)):
                rest = markdown_parts(text[bold.end() :], jupyter=True, files=files)
                parts = [Heading(1, bold[2].strip()), *rest]
            opening = False
            yield from parts
        else:
            yield from _other_parts(kind, source, facts, surroundings)


def _other_parts(kind: str, source: str, facts: Mapping[str, Any], surroundings: Surroundings) -> Iterator[Part]:
    """Yield the parts of a raw cell by its format, and of the kinds of cell that nbformat 2 and 3 and magics have."""
    if kind == "raw":
        kind = str(facts.get("raw_mimetype") or facts.get("format") or "").lower()
        if kind in _RAW_TEXT:
            if source.lstrip().startswith("---") or _LICENCE.search(source):  # a converter's settings
                return
            kind = "rst" if not kind and _RST_DIRECTIVE.search(source) else "markdown"
    if kind in _RST:
        yield from rst_parts(source, surroundings)[0]
    elif kind in ("markdown", "text", "plaintext"):
        yield from markdown_parts(source, jupyter=True)
    elif kind in ("html", "text/html"):
        yield from fragment_blocks(source)
    elif kind == "latex" and source.strip():
        yield Block(source.strip("\n").rstrip())


def _listing(source: str, title: str) -> Iterator[Block]:
    code = _ENCODED.sub("…", drop_data_uris(source)).rstrip()
    code = re.sub(r"\A(?:[ \t]*\n)+", "", code)
    if title:
        ends = title[-1] in ".:!?" or not code.strip()
        yield Block(title if ends else f"{title}:")
    if code.strip():
        yield Block(code, "code")


def _outputs(outputs: object, left_out: frozenset[str]) -> Iterator[Block]:
    if not isinstance(outputs, list):
        return
    if left_out:
        outputs = [one for one in outputs if not (isinstance(one, Mapping) and one.get("name") in left_out)]
    if text := output_text(outputs):
        yield Block(text, "output")


def _is_licence(code: str) -> bool:
    lines = [line.strip() for line in code.split("\n") if line.strip()]
    return bool(lines) and all(line.startswith(("#", "//")) for line in lines) and bool(_LICENCE.search(code))


def _is_notice(part: Part) -> bool:
    text = part.name if isinstance(part, Anchor) else part.text
    return len(text) <= _LONGEST_NOTICE and _NOTICE.match(text) is not None


def _without_buttons(text: str) -> str:
    if "http" not in text:
        return text
    text = _BUTTON_TABLE.sub(lambda m: "" if re.search(_ELSEWHERE, m[0], re.I) else m[0], text)
    return _BUTTON.sub("", text)


def cell_text(source: object) -> str:
    """Return the text of a field that nbformat stores as a string or as a list of lines."""
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return clean_text(source) if isinstance(source, str) else ""


def mapping(value: object) -> Mapping[str, Any]:
    """Return the value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}
