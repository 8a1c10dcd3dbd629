"""The public Python API: every name is exported, documented, and used by an example of docs/python.md that runs."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator

import pytest

import doc_assets.serving
from doc_assets.embedding import model_lookup
from doc_assets.store.database.connection import Store
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.guides import guide
from doc_assets_tests.support.library import Library, WordModel

PAGE = (ROOT / "docs/python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
IMPORTED = [
    (node.module, alias.name)
    for block in BLOCKS
    for node in ast.walk(ast.parse(block))
    if isinstance(node, ast.ImportFrom) and node.module
    for alias in node.names
]


@pytest.fixture
def live(server_url: str, template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A store as the environment names it, whose model is the made-up one of the tests."""
    with new_database(server_url, template=template) as url, Store(url) as store:
        library = Library(store, WordModel())
        facts = {"crate": "tokio", "crate_version": "1.40.0"}
        pages = {f"n{i}.md": guide(f"Note {i}", {"": f"A worker waits for number{i}."}, **facts) for i in range(3)}
        library.publish("rust/tokio", pages)
        monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", url)
        monkeypatch.setattr(model_lookup, "SpaceModels", lambda settings: library.model)
        yield


def test_every_example_runs(live: None) -> None:
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(compile(block, "docs/python.md", "exec"), names)  # noqa: S102 - our own page
    assert names["passages"] and names["again"]


def test_every_public_name_is_in_an_example_and_every_name_there_is_documented() -> None:
    assert {name for module, name in IMPORTED if module == "doc_assets.serving"} == set(doc_assets.serving.__all__)
    for module, name in IMPORTED:
        public = getattr(importlib.import_module(module), name)
        assert inspect.getdoc(public), f"{module}.{name}"
        if inspect.isclass(public):
            methods = [m for name, m in vars(public).items() if inspect.isfunction(m) and not name.startswith("_")]
            assert [m.__qualname__ for m in methods if not inspect.getdoc(m)] == []
