"""Descriptions of APIs for the tests of ``openapi``: a small one, and readers that give documents and sections."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from doc_assets.document import Document, lay_out
from doc_assets.formats.base import RawFile
from doc_assets.formats.openapi.format import OpenapiFormat
from doc_assets_tests.support.source_files import SourceFiles

PET = {
    "type": "object",
    "description": "An animal.",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "description": "What it is *called*."},
        "kind": {"type": "string", "enum": ["cat", "dog"], "default": "cat"},
    },
}


def description(paths: Mapping[str, Any], **more: object) -> dict[str, Any]:
    """Return a description of OpenAPI 3 with these paths."""
    return {"openapi": "3.1.0", "info": {"title": "Pets API", "version": "1.10"}, "paths": paths, **more}


def read(values: object, files: Mapping[str, str] | None = None, path: str = "api/openapi.json") -> list[Document]:
    """Return the documents of a description: values, or a text as it is."""
    data = values if isinstance(values, str) else json.dumps(values)
    return OpenapiFormat().parse(RawFile(path, data.encode(), {}, SourceFiles(files)))


def text_of(values: object, files: Mapping[str, str] | None = None) -> str:
    """Return the texts of all documents of a description."""
    return "\n\n".join(lay_out(document)[0] for document in read(values, files))


def operation(paths_value: Mapping[str, Any], **more: object) -> str:
    """Return the text of a description whose only path, ``/pets``, holds these operations."""
    return text_of(description({"/pets": paths_value}, **more))
