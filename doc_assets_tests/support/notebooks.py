"""Makes notebooks of a few cells for tests, and reads them."""

from __future__ import annotations

import json
from typing import Any

from doc_assets.document import Document
from doc_assets.formats.base import RawFile
from doc_assets.formats.notebook.format import NotebookFormat


def markdown(source: str | list[str], **metadata: object) -> dict[str, Any]:
    """Return a Markdown cell."""
    return {"cell_type": "markdown", "metadata": metadata, "source": source}


def code(source: str, *outputs: dict[str, Any], count: int | None = None, **metadata: object) -> dict[str, Any]:
    """Return a code cell."""
    outs = list(outputs)
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": outs, "execution_count": count}


def raw(source: str, **metadata: object) -> dict[str, Any]:
    """Return a raw cell."""
    return {"cell_type": "raw", "metadata": metadata, "source": source}


def printed(text: str, name: str = "stdout") -> dict[str, Any]:
    """Return what a cell printed."""
    return {"output_type": "stream", "name": name, "text": text}


def parse(data: bytes) -> Document:
    """Return the document of a notebook's file."""
    [document] = NotebookFormat().parse(RawFile("notes/first_steps.ipynb", data))
    return document


def read(*cells: dict[str, Any], **metadata: object) -> Document:
    """Return the document of a notebook with these cells."""
    return parse(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}).encode())


def kinds(*cells: dict[str, Any]) -> list[tuple[str, str]]:
    """Return kind and text of each block."""
    return [(block.kind, block.text) for section in read(*cells).sections for block in section.blocks]
