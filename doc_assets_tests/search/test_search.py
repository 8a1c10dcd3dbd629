"""Search over a small library in a real PostgreSQL, with a made-up model whose vectors say which words a text has."""

from __future__ import annotations

import pytest
from psycopg import sql

from doc_assets.embedding.prompts import Role
from doc_assets.errors import ConfigurationError, Misuse, NotFound, Refused
from doc_assets.search.search import MAX_WORDS, find, search, searching
from doc_assets.store.database.connection import Store
from doc_assets.store.search import meaning
from doc_assets.store.search.scope import SearchRequest, resolve_scope
from doc_assets.store.spaces import vector_index
from doc_assets.store.spaces.spaces import ensure_space
from doc_assets.store.versions.rollback import rollback
from doc_assets_tests.support.library import WINDOW, Library, WordModel, page


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store, WordModel())


@pytest.fixture(scope="module")
def shelves(shared_store: Store) -> Library:
    """The library below, which no test changes."""
    return stocked(Library(shared_store, WordModel()))


def stocked(library: Library) -> Library:
    """Two types, three sources, twenty pages that all talk of threads."""
    noise = {f"n{i:02d}.md": page(f"Note {i}", f"a thread waits for thread number{i} in the pool") for i in range(20)}
    library.publish(
        "rust/std", noise | {"mutex.md": page("Struct FairMutex", "a thread takes the lock in order of arrival")}
    )
    library.publish(
        "ebpf/kernel", {"redirect.md": page("Helper", "call bpf_redirect_peer to reach the other namespace")}
    )
    library.publish("rust/cars", {"car.md": page("Driving", "the car turns left at the corner")})
    return library


def test_a_rare_word_outweighs_many_common_ones(shelves: Library) -> None:
    assert shelves.find("a thread in the pool waits for arrival")[0] == "rust/std/mutex.md"


def test_every_mode_finds_the_page_that_says_it_and_hybrid_knows_synonyms(shelves: Library) -> None:
    for mode in ("text", "vector", "hybrid"):
        assert shelves.find("lock arrival order", mode)[0] == "rust/std/mutex.md"
    assert shelves.find("automobile") == []
    assert shelves.find("the automobile turns", "vector")[0] == "rust/cars/car.md"
    assert shelves.find("the automobile turns", "hybrid")[0] == "rust/cars/car.md"


@pytest.mark.parametrize(
    "query", ["FairMutex", "fairmutex", "fair mutex", "bpf_redirect_peer", "`bpf_redirect_peer()`"]
)
def test_an_identifier_is_found_whole_and_by_its_parts(shelves, query):
    wanted = "ebpf/kernel/redirect.md" if "bpf" in query else "rust/std/mutex.md"
    assert shelves.find(query) == [wanted]


def test_a_document_whose_passages_answer_different_words_beats_one_that_answers_half(library: Library) -> None:
    filler = "some words of no interest at all stand here to fill the page"
    library.publish(
        "rust/std",
        {
            "z-both.md": page("Channels", f"how a sender blocks {filler}", f"and how a receiver wakes {filler}"),
            "a-half.md": page("Pipes", f"how a sender blocks {filler}", f"nothing else of note {filler}"),
            "b-half.md": page("Queues", f"and how a receiver wakes {filler}", f"nothing more of note {filler}"),
        }
        | {f"n{i}.md": page(f"N{i}", f"{filler} number{i}") for i in range(8)},
    )
    assert library.find("sender receiver blocks wakes")[0] == "rust/std/z-both.md"


def test_only_asked_types_are_searched_and_an_unknown_type_is_an_error_that_lists_what_exists(shelves: Library) -> None:
    for mode in ("text", "vector", "hybrid"):
        found = shelves.find("thread lock namespace", mode, types=["ebpf"])
        assert found == ["ebpf/kernel/redirect.md"]
    with pytest.raises(NotFound, match=r"of type defi: there are ebpf, rust"):
        shelves.find("thread", types=["rust", "defi"])


def test_only_what_is_published_is_found(library: Library) -> None:
    library.publish(
        "rust/std", {"old.md": page("Old", "the legacy spinner"), "kept.md": page("Kept", "a kept spinner")}
    )
    library.publish("rust/std", {"kept.md": page("Kept", "a kept spinner")})
    for mode in ("text", "vector", "hybrid"):
        assert library.find("legacy spinner", mode) == ["rust/std/kept.md"]
    rollback(library.store, "rust/std")
    for mode in ("text", "vector", "hybrid"):
        assert library.find("legacy spinner", mode)[0] == "rust/std/old.md"


def test_each_document_is_shown_once_with_its_best_passage_at_its_first_place(library: Library) -> None:
    twin = page("Twin", "quorum is mentioned", "a quorum of three voters decides", headings=["Votes"], anchor="votes")
    library.publish("rust/b", {"z.md": twin, "a b/y.md": twin}, base_url="https://docs.example/b")
    library.publish(
        "rust/c", {"x.md": twin, "crate.json": [page("One", "quorum one"), page("Two", "quorum quorum two")]}
    )
    passages = search(library.store, library.model, "voters quorum", mode="text")
    assert [(p.source, p.path, p.heading) for p in passages] == [
        ("b", "a b/y.md", "Twin > Votes"),
        ("c", "crate.json", "Two"),
        ("c", "crate.json", "One"),
    ]
    first, second, _ = passages
    assert [(also.source, also.path, also.similarity) for also in first.also_in] == [("b", "z.md", 1), ("c", "x.md", 1)]
    assert first.also_in[0].url == "https://docs.example/b/z.md"
    assert first.text == "a quorum of three voters decides"
    assert first.heading == "Twin > Votes"
    assert first.url == "https://docs.example/b/a%20b/y.md#votes"
    assert second.url is None


def test_results_are_best_first_and_the_same_every_time(shelves: Library) -> None:
    for mode in ("text", "vector", "hybrid"):
        runs = [search(shelves.store, shelves.model, "a thread waits", mode=mode, k=15) for _ in range(2)]
        assert runs[0] == runs[1]
        scores = [p.score for p in runs[0]]
        assert len(scores) == 15
        assert scores == sorted(scores, reverse=True)
        assert [p.path for p in search(shelves.store, shelves.model, "a thread waits", mode=mode, k=3)] == [
            p.path for p in runs[0][:3]
        ]


ODD_QUERIES = [
    "the of and",
    "'; DROP TABLE chunk; --",
    "\"unbalanced 'quotes & | ! ( <-> :*",
    r"back\slash \' E'\x41' %s %(query)s {}",
    "nul\x00 inside and lone \ud800 surrogate",
    "thread " * 100,
    "x" * 200,
    " ".join(f"word{i}" for i in range(100)),
    "#[!]::<>",
    "日本語 مرحبا 🦀",
]


def test_no_query_fails(shelves: Library) -> None:
    for query in ODD_QUERIES:
        for mode in ("text", "vector", "hybrid"):
            shelves.find(query, mode)
    assert shelves.find("arrival") == ["rust/std/mutex.md"]


def test_an_empty_query_is_an_error_that_says_so(shelves: Library) -> None:
    for query in ("", " \n\t", "\x00"):
        for mode in ("text", "vector", "hybrid"):
            with pytest.raises(Misuse, match="query is empty"):
                shelves.find(query, mode)


def test_misuse_and_an_empty_store_say_what_to_do(library: Library) -> None:
    with pytest.raises(Refused, match="doc-assets migrate"):
        library.find("anything")
    with pytest.raises(Misuse, match="hybrid, vector, text"):
        library.find("anything", mode="psychic")
    with pytest.raises(Misuse, match="at least one"):
        library.find("anything", k=0)


def test_a_long_query_is_embedded_by_its_first_tokens(shelves: Library) -> None:
    shelves.model.texts.clear()
    query = "arrival " + " ".join(f"word{i}" for i in range(500))
    shelves.find(query, "vector")
    assert shelves.model.texts == [(Role.QUERY, " ".join(query.split()[:WINDOW]))]
    assert meaning.first_tokens("short enough", shelves.model.tokenizers.query) == "short enough"


@pytest.mark.parametrize("mode", ["text", "vector", "hybrid"])
def test_of_a_long_query_the_first_words_are_searched_for_and_the_others_counted(shelves: Library, mode: str) -> None:
    filler = " ".join(f"filler{n}" for n in range(MAX_WORDS - 1))
    found = find(shelves.store, shelves.model, f"quorum {filler} lantern tide", mode=mode)
    cut = find(shelves.store, shelves.model, f"quorum {filler}", mode=mode)
    assert found.results == cut.results and cut.words_left_out == 0
    assert found.words_left_out == 2 and "2 words were left out" in found.notes()[0]


def test_text_mode_loads_no_model_and_the_others_load_it_once(shelves: Library) -> None:
    loaded: list[WordModel] = []

    def load() -> WordModel:
        loaded.append(shelves.model)
        return shelves.model

    assert search(shelves.store, load, "arrival", mode="text")
    assert loaded == []
    assert search(shelves.store, load, "arrival", mode="hybrid")
    assert loaded == [shelves.model]


def test_a_model_that_nothing_live_was_embedded_with_is_refused(shelves: Library) -> None:
    other = WordModel("other")
    with pytest.raises(ConfigurationError, match=r"embedded with other .* only with words"):
        search(shelves.store, other, "thread", mode="vector")
    assert search(shelves.store, other, "thread", mode="text")


def test_a_second_embedding_space_does_not_become_live_beside_the_first(library: Library) -> None:
    shelves = stocked(library)
    with pytest.raises(Refused, match=r"embedded with words .*, this with other .* migrate --space"):
        shelves.publish("rust/cars", {"car.md": page("Driving", "a bus")}, model=WordModel("other"))
    assert search(shelves.store, shelves.model, "car", types=["rust"])[0].path == "car.md"


def test_the_vector_index_gives_what_an_exact_scan_gives_and_sees_only_what_is_live(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 1_500
    monkeypatch.setattr(vector_index, "MINIMUM_ROWS", count)
    monkeypatch.setattr(meaning, "_EXACT_CHUNKS", 10)
    pages = {f"p{i:05d}.md": page(f"P{i}", f"apple{i} pear{i % 97} plum{i % 31}") for i in range(count)}
    library.publish("rust/std", pages)
    library.publish("ebpf/kernel", {"only.md": page("Only", "a lone banana")})
    exact = library.find("apple777 pear1 plum2", "vector", k=5)
    with library.store.connect() as connection:
        space = ensure_space(connection, library.model.space)
        assert vector_index.ensure_index(connection, space)
    assert library.find("apple777 pear1 plum2", "vector", k=5)[0] == exact[0] == "rust/std/p00777.md"
    with searching(library.store) as reading:
        scope = resolve_scope(reading, SearchRequest.of((), (), None, None))
        query = meaning.embed_query(reading, library.model, "apple777 pear1 plum2", scope)
        near = [chunk.similarity for chunk in meaning.nearest_chunks(reading, query, scope, 50)]
        assert len(near) >= 200 and near == sorted(near, reverse=True)
        # A relaxed scan yields no order that a sort may build on, which PostgreSQL 17 and later would do.
        statement, parameters = meaning.by_index(query, scope, 200)
        plan = "\n".join(row[0] for row in reading.execute(sql.SQL("EXPLAIN ") + statement, parameters))
        assert "hnsw" in plan and "Sort Key" in plan and "Presorted" not in plan
    # Far from the query and rarer than the index's scan reaches.
    assert library.find("apple777 pear1 plum2", "vector", types=["ebpf"]) == ["ebpf/kernel/only.md"]
    kept = {path: document for path, document in pages.items() if path != "p00777.md"}
    library.publish("rust/std", kept)
    assert "rust/std/p00777.md" not in library.find("apple777 pear1 plum2", "vector", k=20)


def test_a_result_has_the_best_passages_of_its_document_by_words_and_meaning(library: Library) -> None:
    passages = ("nothing of note", "a quorum of voters", "other words here", "voters", "the quorum of three voters")
    library.publish("rust/b", {"long.md": page("Long", *passages), "x.md": page("X", "nothing at all")})
    (found, *_) = search(library.store, library.model, "quorum of three voters", mode="hybrid")
    assert [passage.text for passage in found.passages][:2] == [passages[4], passages[1]]
    assert (found.text, found.ordinal, found.score) == (passages[4], 4, pytest.approx(found.score))
    assert len(found.passages) == 3
    (by_words, *_) = search(library.store, library.model, "quorum", mode="text")
    assert {passage.ordinal for passage in by_words.passages} == {1, 4}


def test_an_identifier_as_it_is_written_decides_between_like_pages(library: Library) -> None:
    said = "keep the flag that limits how much of the history is kept {} and the maximum of it"
    library.publish("rust/helm", {"z.md": page("Limits", said.format("--history-max 3"))})
    library.publish("rust/other", {"a.md": page("Limits", said.format("--max 3 of the history"))})
    library.publish("rust/noise", {f"n{i}.md": page(f"N{i}", f"words of no note number{i}") for i in range(6)})
    for mode in ("text", "hybrid"):
        assert library.find("limit of --history-max", mode)[0] == "rust/helm/z.md"


def test_a_chunk_of_several_sections_is_shown_under_the_one_that_matched(library: Library) -> None:
    text = "The name.\n\n### Retries\n\nHow often it tries.\n\n### Time limits\n\nHow long it waits."
    chunk = page("Client", text, headings=["Settings", "Client names"], anchor="client-names")
    library.publish("rust/b", {"c.md": chunk, "x.md": page("X", "nothing")}, base_url="https://docs.example")
    (found, *_) = search(library.store, library.model, "how long does the client wait", mode="text")
    assert found.heading == "Client > Settings > Time limits"
    assert found.url == "https://docs.example/c.md#time-limits"
