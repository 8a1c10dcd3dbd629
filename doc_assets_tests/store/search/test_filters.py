"""Properties of filtered search: exact however few or many documents meet the filter, and mistakes are told."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from doc_assets.document import Block, Chunk, Document, JsonValue, Section
from doc_assets.document.records import StoredDocument
from doc_assets.errors import Misuse, NotFound
from doc_assets.search.search import explain_empty, search
from doc_assets.store.database.connection import Store
from doc_assets.store.search import filters, meaning, words
from doc_assets.store.spaces import vector_index
from doc_assets.store.spaces.spaces import ensure_space
from doc_assets_tests.support.library import Library, WordModel

MODES = ("text", "vector", "hybrid")


def page(title: str, *passages: str, **metadata: JsonValue) -> StoredDocument:
    section = Section((), None, tuple(Block(text) for text in passages))
    chunks = [
        Chunk(title, text, i * 1000, i * 1000 + len(text), (), None, len(text.split()) + 3)
        for i, text in enumerate(passages)
    ]
    return StoredDocument.of(Document(title, "markdown", (section,), metadata), chunks)


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store, WordModel())


@pytest.fixture(scope="module")
def shelves(shared_store: Store) -> Library:
    """The library below, which no test changes."""
    return stocked(Library(shared_store, WordModel()))


def stocked(library: Library) -> Library:
    """Fifty pages about reading a file, of which few state anything else."""
    text = "read a file line by line"
    pages = {f"n{i:02d}.md": page(f"N{i}", f"{text} number{i}", crate="std", item_kind="fn") for i in range(48)}
    pages["tokio.md"] = page("Read", "to read a file without blocking", crate="tokio", item_kind="fn", licence="MIT")
    pages["open.md"] = page("File", "an open file", crate="tokio", item_kind="struct", nbformat=4, own_rank=7)
    library.publish("rust/std", pages)
    other = page("Maps", "read a map like a file", tags=["maps", "ebpf"], version="5.8", crate="tokio")
    library.publish("ebpf/kernel", {"map.md": other}, base_url="https://docs.example/")
    return library


def found(library: Library, mode: str = "text", query: str = "read a file", k: int = 5, **filtered) -> list[str]:
    return [p.path for p in search(library.store, library.model, query, mode=mode, k=k, **filtered)]


@pytest.fixture(params=["few", "some", "many"])
def regime(request, monkeypatch):
    """The three ways to rank: all of a few, hits among some, hits that are sorted out afterwards."""
    if request.param == "some":
        monkeypatch.setattr(words, "_may_take_all", lambda scope, effort: False)
    if request.param == "many":
        monkeypatch.setattr(filters.few_documents, "__defaults__", (0,))
    return request.param


@pytest.mark.parametrize("mode", MODES)
def test_only_what_meets_all_fields_and_any_value_of_each_is_found(shelves, mode, regime):
    assert set(found(shelves, mode, where={"crate": "tokio"}, query="read a file open")) == {
        "tokio.md",
        "open.md",
        "map.md",
    }
    assert found(shelves, mode, where={"crate": "tokio", "item_kind": ["struct", "enum"]}, query="file") == ["open.md"]
    assert found(shelves, mode, where={"crate": ["tokio", "none"], "item_kind": "fn"}) == ["tokio.md"]
    assert found(shelves, mode, where={"crate": "tokio"}, types=["ebpf"]) == ["map.md"]
    assert found(shelves, mode, sources=["kernel"]) == ["map.md"]
    assert found(shelves, mode, sources=["kernel"], where={"crate": "std"}) == []
    assert len(found(shelves, mode, where={"crate": "std"}, k=60)) == 48


def test_values_are_compared_in_the_spelling_and_type_of_their_field(shelves):
    for where, path in (
        ({"tags": "maps"}, "map.md"),
        ({"tags": ["x", "ebpf"]}, "map.md"),
        ({"nbformat": "4"}, "open.md"),
        ({"own_rank": "7"}, "open.md"),
        ({"version": "v5.8"}, "map.md"),
        ({"item_kind": "Struct"}, "open.md"),
        ({"licence": "MIT"}, "tokio.md"),
    ):
        assert found(shelves, query="file", where=where) == [path]


def test_the_order_within_a_filter_is_that_of_an_unfiltered_search(shelves):
    everything = {p.path: p for p in search(shelves.store, shelves.model, "read file number7", mode="text", k=60)}
    filtered = search(shelves.store, shelves.model, "read file number7", mode="text", k=5, where={"crate": "std"})
    assert filtered[0].path == "n07.md"
    assert [round(p.score, 6) for p in filtered] == [round(everything[p.path].score, 6) for p in filtered]


def test_passages_tell_metadata_and_licence(shelves):
    (passage,) = search(shelves.store, shelves.model, "blocking", mode="text")
    assert passage.licence == "MIT"
    assert passage.metadata == {"crate": "tokio", "item_kind": "fn", "licence": "MIT"}
    (passage,) = search(shelves.store, shelves.model, "map", mode="text")
    assert passage.licence is None


def test_an_unknown_field_or_source_is_an_error_with_the_nearest_and_what_there_is(shelves):
    with pytest.raises(
        NotFound, match=r"unknown field 'crat' \(did you mean 'crate'\?\).*item_kind.*also have own_rank"
    ):
        found(shelves, where={"crat": "tokio"})
    with pytest.raises(NotFound, match=r"source kernle \(did you mean 'kernel'\?\)"):
        found(shelves, sources=["kernle"])
    with pytest.raises(Misuse, match="no value is given for crate"):
        found(shelves, where={"crate": []})


def test_a_value_that_nothing_has_finds_nothing_and_the_reason_is_told(shelves):
    def reason(where: dict[str, str | Sequence[str]]) -> str:
        for mode in MODES:
            assert found(shelves, mode, query="zebra", where=where) == [] or mode != "text"
        return explain_empty(shelves.store, where=where)

    assert reason({"crate": "tokoi"}) == "no live document has crate=tokoi (did you mean 'tokio'?)"
    assert reason({"own_rank": ["8", "9"]}) == "no live document has own_rank=8 or own_rank=9"
    assert reason({"nbformat": "four"}) == "no live document has nbformat=four"
    assert reason({"crate": "std", "tags": "maps"}) == "no live document has all of crate=std, tags=maps"
    assert "none of them holds a word of the query" in reason({"crate": "std"})


def test_what_is_no_longer_live_is_not_found_by_its_facts(library):
    shelves = stocked(library)
    shelves.publish("ebpf/kernel", {"new.md": page("New", "another file", crate="libbpf")})
    for mode in MODES:
        assert "map.md" not in found(shelves, mode, where={"crate": "tokio"})
    assert explain_empty(shelves.store, where={"tags": "maps"}).startswith("no live document has tags=maps")


def test_hostile_filters_find_nothing_and_break_nothing(shelves):
    for value in (
        '"',
        "'); DROP TABLE document; --",
        "%s %(where_0)s {}",
        "\\u0000",
        "a\x00b",
        "\ud800",
        "x" * 5_000,
        "{}",
        "🦀",
    ):
        assert found(shelves, where={"crate": value}) == []
        with pytest.raises(NotFound, match="unknown field"):
            found(shelves, where={value: "x"})


def test_few_documents_far_from_the_query_are_found_beside_an_index(library, monkeypatch):
    count = 1_500
    monkeypatch.setattr(vector_index, "MINIMUM_ROWS", count)
    monkeypatch.setattr(meaning, "_EXACT_CHUNKS", 10)
    pages = {f"p{i:05d}.md": page(f"P{i}", f"apple{i} pear{i % 97} plum{i % 31}", order=i % 2) for i in range(count)}
    library.publish("rust/std", pages | {"only.md": page("Only", "a lone banana", crate="fruit")})
    with library.store.connect() as connection:
        assert vector_index.ensure_index(connection, ensure_space(connection, library.model.space))
    query = "apple778 pear2 plum3"
    assert found(library, "vector", query, where={"crate": "fruit"}) == ["only.md"]
    monkeypatch.setattr(filters.few_documents, "__defaults__", (100,))
    assert found(library, "vector", query, where={"order": "0"})[0] == "p00778.md"
    assert "p00778.md" not in found(library, "vector", query, k=100, where={"order": "1"})


def test_an_item_is_found_by_every_path_that_users_can_import_it_from() -> None:
    (condition,) = filters.parse_conditions({"item_path": "tank::Basin"})
    assert [json.loads(pattern) for pattern in condition.patterns] == [
        {"item_path": "tank::Basin"},
        {"item_paths": ["tank::Basin"]},
    ]
