"""An embedder check: an equal embedding passes, a broken one fails by name, in a store, in two spaces, in texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from doc_assets.document import embedding_input
from doc_assets.embedding.prompts import Role
from doc_assets.errors import Misuse, Refused
from doc_assets.search import embedder_check
from doc_assets.search.contenders import Contender, comparable, contenders
from doc_assets.search.embedder_check import check_spaces, check_store, check_texts
from doc_assets.search.embedder_verdict import EmbedderCheck, Inquiry
from doc_assets.search.evaluation import Question, figures_of, rank_of
from doc_assets.search.search import search
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.spaces.spaces import ensure_space
from doc_assets.store.spaces.vector_writer import write_vectors
from doc_assets_tests.support.library import Library, WordModel
from doc_assets_tests.support.two_embedders import Broken, Side, openable_models, publish_many_pages

QUESTIONS = [
    Question("rust", "the lock is fair", frozenset({"rust/std/mutex.md"})),
    Question("rust", "sends to another thread", frozenset({"rust/std/channel.md"})),
    Question("ebpf", "a map is shared", frozenset({"ebpf/kernel/map.md"})),
]


@pytest.fixture
def side(monkeypatch: pytest.MonkeyPatch) -> Side:
    return openable_models(monkeypatch)


@pytest.fixture
def library(store: Store) -> Library:
    library = Library(store, WordModel())
    publish_many_pages(library)
    return library


def checked(
    library: Library, sides: tuple[Contender, Contender], questions: Sequence[Question] = (), size: int = 100
) -> EmbedderCheck:
    return check_store(library.store, sides, Inquiry(size, 1, questions))


def failed(result: EmbedderCheck) -> set[str]:
    return {outcome.name for outcome in result.outcomes if not outcome.passed}


def test_an_equal_embedding_passes_and_a_broken_one_fails_by_the_name_of_each_bound(
    library: Library, side: Side
) -> None:
    equal = checked(library, (side(Broken(0)), side(WordModel())), QUESTIONS)
    assert (equal.passed, equal.overlap, equal.cosines and round(equal.cosines.least, 5)) == (True, 1, 1)
    assert {figures.better + figures.worse for figures in equal.retrieval.values()} == {0}
    broken = checked(library, (side(Broken(1.0)), side(WordModel())), QUESTIONS)
    assert {"overlap@10", "vector mrr@10"} <= failed(broken)
    assert broken.retrieval["vector"].worse > 0
    assert "at least 0.95 is needed" in broken.outcomes[0].sentence


def test_where_all_chunks_are_candidates_the_figures_are_those_of_a_search(library: Library, side: Side) -> None:
    result = checked(library, (side(Broken(0)), side(WordModel())), QUESTIONS)
    for mode, figures in result.retrieval.items():
        ranks = [rank_of(search(library.store, library.model, q.query, mode=mode), q.relevant) for q in QUESTIONS]
        assert figures.reference == figures_of(ranks)


def test_candidates_hold_every_answer_although_the_sample_is_small(library: Library, side: Side) -> None:
    result = checked(library, (side(Broken(0)), side(WordModel())), QUESTIONS, size=2)
    assert result.chunks == 2
    assert result.candidates is not None and result.candidates >= 5
    assert result.retrieval["vector"].reference["hit@10"] == 1


def test_the_same_seed_draws_the_same_chunks_and_another_one_others(library: Library, side: Side) -> None:
    drawn = []
    for seed in (1, 1, 2):
        model = WordModel()
        check_store(library.store, (side(Broken(0)), side(model)), Inquiry(4, seed))
        drawn.append(sorted(text for _, text in model.texts))
    assert drawn[0] == drawn[1] != drawn[2]


def test_two_models_need_questions_and_are_not_held_to_the_overlap(library: Library, side: Side) -> None:
    other = WordModel("other")
    with pytest.raises(Misuse, match="give --questions"):
        checked(library, (side(other), side(WordModel())))
    result = checked(library, (side(other), side(WordModel())), QUESTIONS)
    assert result.passed and result.cosines is None
    assert {outcome.name for outcome in result.outcomes} == {
        f"{mode} {name}" for mode in ("hybrid", "vector") for name in ("hit@5", "mrr@10")
    }


def test_precision_and_an_endpoint_leave_the_model_the_same_and_weights_do_not() -> None:
    space = replace(WordModel().space, weights_sha256="aa")
    assert comparable(space, replace(space, precision="bf16"))
    assert comparable(replace(space, precision="int8", scales_digest="cc"), space)
    assert comparable(space, replace(space, precision="remote", weights_sha256=""))
    assert not comparable(space, replace(space, precision="bf16", weights_sha256="bb"))


def fill(library: Library, model: WordModel) -> None:
    """Write vectors of every chunk in the model's space, beside the live one."""
    with library.store.connect() as connection:
        rows = connection.execute("SELECT id, breadcrumb, text FROM chunk").fetchall()
        vectors = model.embed([embedding_input(breadcrumb, text) for _, breadcrumb, text in rows], Role.DOCUMENT)
        space = ensure_space(connection, model.space)
        write_vectors(connection, space, dict(zip((row[0] for row in rows), vectors, strict=True)))


def test_the_reference_is_fp32_on_torch_and_reads_what_it_is_asked_to() -> None:
    settings = Settings.from_environment({"DOC_ASSETS_EMBEDDING_READING": "words-1"})
    for reading, expected in ((None, "words-1"), ("verbatim", "verbatim")):
        subject, reference = contenders(settings, None, reading)
        assert (reference.space.precision, reference.backend, reference.space.reading) == ("fp32", "torch", expected)
        assert subject.space.reading == "words-1"
        assert subject.is_model_of(reference) == (reading is None)


@pytest.mark.parametrize(("noise", "passes"), [(0, True), (1.0, False)])
def test_two_spaces_of_a_store_are_compared_by_their_vectors_and_by_searches_over_all_of_it(
    library: Library, side: Side, monkeypatch: pytest.MonkeyPatch, noise: float, passes: bool
) -> None:
    exact, subject = side(library.model), side(model := Broken(noise))
    monkeypatch.setattr(embedder_check, "settings_of", lambda *_: exact.settings)
    with pytest.raises(Refused, match=r"lacks vectors of words \(bf16\)"):
        check_spaces(library.store, subject, 1, Inquiry(9, 1))
    fill(library, model)
    result = check_spaces(library.store, subject, 1, Inquiry(100, 1, QUESTIONS))
    assert result.passed == passes, result.outcomes
    assert (result.candidates, result.subject.tokens_per_second) == (None, None)
    ranks = [rank_of(search(library.store, library.model, q.query, mode="hybrid"), q.relevant) for q in QUESTIONS]
    assert result.retrieval["hybrid"].reference == figures_of(ranks)


@dataclass(frozen=True)
class Placed:
    place: tuple[str, str, str]
    text: str
    breadcrumb: str = "b"
    token_count: int = 5


def test_texts_of_a_folder_are_ranked_by_vectors_alone(side: Side) -> None:
    texts = [Placed(("rust", "std", f"{word}.md"), f"about {word}") for word in ("lock", "map", "thread", "clock")]
    questions = [Question("rust", "a map", frozenset({"rust/std/map.md"}))]
    sides = side(Broken(0)), side(WordModel())
    result = check_texts(texts, sides, Inquiry(4, 1, questions))
    assert result.passed and set(result.retrieval) == {"vector"}
    assert result.retrieval["vector"].subject["hit@1"] == 1
    with pytest.raises(Refused, match="no question is answered"):
        check_texts(texts[:1] * 2, sides, Inquiry(4, 1, questions))
    with pytest.raises(Refused, match="at least 2"):
        check_texts(texts[:1], sides, Inquiry(4, 1))
