"""Notebooks as text: which files are such, and the one of a pair that is read."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from doc_assets.document import Document
from doc_assets.errors import DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import detect, parse

MYST = "---\njupytext:\n  formats: ipynb,md:myst,py\nkernelspec:\n  display_name: Python 3\n  name: python3\n---\n\n"
PAIR = "# jupyter:\n#   jupytext:\n#     formats: ipynb,py\n#   kernelspec: {name: python3}\n"
LIGHT = f"# ---\n{PAIR}# title: Given\n# ---\n\n"
NOTEBOOK = json.dumps({"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "a", "metadata": {}}]})


@dataclass
class Beside:
    files: dict[str, str]

    def read(self, path: str) -> bytes | None:
        text = self.files.get(path)
        return None if text is None else text.encode()


def file(path: str, text: str, files: dict[str, str] | None = None) -> RawFile:
    return RawFile(path, text.encode(), neighbours=Beside(files or {}))


def read(path: str, text: str, files: dict[str, str] | None = None) -> Document:
    return parse(file(path, text, files))[0]


def texts(document: Document) -> list[str]:
    return [block.text for section in document.sections for block in section.blocks]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.md", MYST, "jupytext"),
        ("a.md", "---\nkernelspec: {name: x}\n---\n", "jupytext"),
        ("a.md", "---\njupyter:\n  kernelspec:\n    name: x\n---\n", "jupytext"),
        ("a.md", "---\ntitle: jupytext\n---\nkernelspec: x\n", "markdown"),
        ("a.md", "text\n\n---\nkernelspec: {name: x}\n---\n", "markdown"),
        ("a.py", LIGHT, "jupytext"),
        ("a.py", "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n" + LIGHT, "jupytext"),
        ("a.R", "#' ---\n#' jupyter:\n#'   kernelspec:\n#'     name: ir\n#' ---\n#' text", "jupytext"),
        ("a.js", LIGHT.replace("# ", "// "), "jupytext"),
        ("a.py", "# %%\na = 1\n\n# %% [markdown]\n# text\n", None),
        ("a.py", "# ---\n# title: x\n# ---\na = 1\n", None),
        ("a.sh", "echo\n", None),
    ],
)
def test_a_file_is_a_notebook_if_its_own_header_says_so(path: str, text: str, expected: str | None) -> None:
    found = detect(file(path, text))
    assert (found and found.name) == expected


def test_a_notebook_in_markdown_shows_what_its_tags_leave_on_the_page() -> None:
    cell = "```{code-cell}\n:tags: [%s]\n\n%s = 1\n```\n\n"
    body = "# Title\n\n" + "".join(
        cell % pair for pair in (("remove-cell", "a"), ("remove-input", "b"), ("hide-cell", "c"))
    )
    document = read("a.md", f"{MYST}{body}+++\n\n```{{raw-cell}}\nraw\n```\n\nText {{math}}`x`.\n")
    assert (document.title, document.format) == ("Title", "jupytext")
    assert texts(document) == ["c = 1", "Text $x$."]
    assert document.metadata == {"kernel": "Python 3", "language": "python"}
    plain = '```python tags=["remove-input"]\na\n```\n\n```python tags=["x"]\nb\n```\n\n```bash\nc\n```\n'
    assert texts(read("a.md", f"---\njupyter:\n  kernelspec: {{name: python3}}\n---\n{plain}")) == ["b", "c"]


def test_a_script_is_read_like_the_notebook_that_it_is_paired_with() -> None:
    document = read("a.py", f"{LIGHT}# # Heading\n#\n# Some *words*.\n\na = 1\n\nb = 2\n")
    assert (document.title, document.metadata["language"], document.metadata["title"]) == ("Given", "python", "Given")
    assert [(s.heading_path, [b.text for b in s.blocks]) for s in document.sections] == [
        (("Heading",), ["Some words.", "a = 1\n\nb = 2"])
    ]
    with pytest.raises(DocumentSkipped, match="no cells"):
        read("a.py", LIGHT)


PAIRS = [
    ("docs/a.md", MYST, {"docs/a.ipynb": NOTEBOOK}, r"notebook docs/a\.ipynb, which is read with its outputs"),
    ("docs/a.md", MYST, {"docs/a.ipynb": '{"cells": []}', "docs/a.py": "x"}, None),
    ("docs/a.md", MYST, {"docs/a.ipynb": "damaged"}, None),
    ("docs/a.md", MYST, {"docs/a.ipynb": NOTEBOOK.replace('"a"', '""')}, None),
    *[("a.py", LIGHT.replace("ipynb,py", "md,py"), {"a.md": text}, None) for text in ("", "\0\1\2", MYST)],
    # Each puts the other first: none may be lost.
    ("a.py", LIGHT.replace("ipynb,py", "md,py"), {"a.md": MYST.replace("ipynb,md:myst,py", "py,md") + "x"}, None),
    ("a.py", LIGHT.replace("ipynb,py", "md,py"), {"a.md": MYST + "x"}, r"same notebook as a\.md"),
    ("docs/a.py", LIGHT.replace("ipynb,py", "ipynb,md:myst,py"), {"docs/a.md": "x"}, r"same notebook as docs/a\.md"),
    ("a.md", MYST.replace("ipynb,md", "nb//ipynb,md"), {"nb/a.ipynb": NOTEBOOK}, r"nb/a\.ipynb"),
    ("d/md/a.md", MYST.replace("ipynb,md:myst", "nb//ipynb,md//md:myst"), {"d/nb/a.ipynb": NOTEBOOK}, r"d/nb/a\.ipynb"),
    ("a.md", MYST.replace("ipynb,md", "../../x//ipynb,md"), {"../../x/a.ipynb": NOTEBOOK}, None),
    ("a.md", "---\nkernelspec: {name: x}\n---\n", {"a.ipynb": NOTEBOOK}, None),
    ("a.qmd", "---\njupytext:\n  formats: ipynb,qmd\n---\n", {"a.ipynb": NOTEBOOK}, r"a\.ipynb"),
    ("a.Rmd", "---\njupyter:\n  jupytext:\n    formats: Rmd,ipynb\n---\n", {"a.ipynb": NOTEBOOK}, r"a\.ipynb"),
]


@pytest.mark.parametrize(("path", "head", "files", "reason"), PAIRS)
def test_of_a_pair_the_notebook_with_outputs_is_read_if_it_can_be(
    path: str, head: str, files: dict[str, str], reason: str | None
) -> None:
    body = "x = 1\n" if path.endswith(".py") else "Text.\n"
    if reason is None:
        assert texts(read(path, head + body, files)) == [body.strip()]
        return
    with pytest.raises(DocumentSkipped, match=reason):
        read(path, head + body, files)


def test_a_notebook_that_names_its_text_is_read_in_its_place() -> None:
    paired = json.loads(NOTEBOOK) | {"metadata": {"jupytext": {"formats": "ipynb,md:myst"}}}
    head = "---\njupytext: {text_representation: {format_name: myst}}\n---\n"
    with pytest.raises(DocumentSkipped, match=r"a\.ipynb"):
        read("a.md", f"{head}Text.\n", {"a.ipynb": json.dumps(paired)})
    assert texts(read("a.md", f"{head}Text.\n", {"a.ipynb": NOTEBOOK})) == ["Text."]
