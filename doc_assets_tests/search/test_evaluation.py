"""Figures of retrieval: what counts as a hit, and what a broken file of questions says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from doc_assets.errors import DocAssetsError
from doc_assets.search.evaluation import evaluate, rank_of
from doc_assets.search.folding import AlsoIn
from doc_assets.search.results import Passage, SearchResult
from doc_assets.store.browse.documents import Span


def result(place: str) -> SearchResult:
    doc_type, source, path = place.split("/", 2)
    return SearchResult(doc_type, source, path, "heading", 1.0, "text", None)


def question(query: str, *relevant: str) -> dict:
    return {"id": query, "doc_type": relevant[0].split("/")[0], "style": "x", "query": query, "relevant": relevant}


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    asked = [
        question("first", "rust/a/x.md"),
        question("third", "rust/a/y.md", "rust/b/z.md"),
        question("never", "ebpf/a/x.md"),
    ]
    path.write_text("\n".join(json.dumps(q) for q in asked) + "\n\n")
    return path


ANSWERS = {
    "first": ["rust/a/x.md", "rust/a/y.md"],
    "third": ["rust/a/other.md", "ebpf/a/x.md", "rust/b/z.md"],
    "never": ["rust/a/x.md"],
}


def test_a_hit_is_a_relevant_document_within_the_first_k_and_mrr_is_the_mean_reciprocal_rank(questions: Path) -> None:
    figures = evaluate(questions, lambda query, mode: [result(p) for p in ANSWERS[query]], ["text"])
    low, high = figures["text"].pop("interval")["hit@1"]
    assert 0 <= low <= 1 / 3 <= high <= 1
    assert figures["text"] == pytest.approx(
        {"hit@1": 1 / 3, "hit@5": 2 / 3, "hit@10": 2 / 3, "mrr@10": (1 + 1 / 3) / 3}
    )
    assert figures["questions"] == 3


def test_every_type_has_figures_of_its_own_questions_in_every_mode(questions: Path) -> None:
    def search(query: str, mode: str) -> list[SearchResult]:
        return [result(p) for p in ANSWERS[query]] if mode == "text" else []

    figures = evaluate(questions, search)
    assert set(figures) == {"hybrid", "vector", "text", "questions", "by_type", "by_style"}
    assert figures["by_style"]["x"]["text"]["hit@5"] == pytest.approx(2 / 3)
    assert figures["by_type"]["rust"]["text"] == pytest.approx(
        {"hit@1": 0.5, "hit@5": 1.0, "hit@10": 1.0, "mrr@10": (1 + 1 / 3) / 2}
    )
    assert figures["by_type"]["ebpf"]["text"]["hit@10"] == 0
    assert figures["by_type"]["rust"]["vector"]["hit@10"] == 0


def test_several_passages_of_one_document_take_one_rank_and_ranks_above_ten_do_not_count(questions: Path) -> None:
    def search(query: str, mode: str) -> list[SearchResult]:
        noise = [result("rust/noise/same.md")] * 20
        if query == "first":
            return [*noise, result("rust/a/x.md")]
        return [result(f"rust/noise/{i}.md") for i in range(10)] + [result("rust/b/z.md")]

    figures = evaluate(questions, search, ["hybrid"])
    del figures["hybrid"]["interval"]
    assert figures["hybrid"] == pytest.approx({"hit@1": 0, "hit@5": 1 / 3, "hit@10": 1 / 3, "mrr@10": 1 / 6})


def test_what_is_told_as_also_in_of_a_result_counts_at_its_rank_unless_strict(questions: Path) -> None:
    def search(query: str, mode: str) -> list[SearchResult]:
        other = replace(result("rust/a/other.md"), also_in=(AlsoIn("rust", "b", "z.md", None, 0.8),))
        return [result("rust/noise/n.md"), other, result("rust/b/z.md")]

    told = evaluate(questions, search, ["text"])["text"]
    del told["interval"]
    assert told == pytest.approx({"hit@1": 0, "hit@5": 1 / 3, "hit@10": 1 / 3, "mrr@10": 1 / 6})
    strict = evaluate(questions, search, ["text"], strict=True)["text"]
    assert strict["mrr@10"] == pytest.approx(1 / 9)


def shown(place: str, *texts: str, **of: str) -> SearchResult:
    span = Span(0, (), "", 0, 0)
    passages = tuple(Passage("Title > Part", text, n, None, 1.0 - n / 10, span) for n, text in enumerate(texts))
    return replace(result(place), passages=passages, metadata=dict(of), document="/".join(of.values()))


def test_shown_is_whether_the_chunks_of_the_first_relevant_document_hold_the_words_of_the_answer(
    tmp_path: Path,
) -> None:
    path = tmp_path / "questions.jsonl"
    hint = "wait for **all**\n  `lock_holders`"
    asked = [question(f"q{n}", "rust/a/x.md") | ({"answer_hint": hint} if n < 4 else {}) for n in range(5)]
    path.write_text("\n".join(json.dumps(q) for q in asked))
    answer = "They wait for all lock_holders first."
    given = {
        "q0": [shown("rust/a/x.md", answer, "else")],
        "q1": [shown("rust/a/other.md", answer), shown("rust/a/x.md", "else", "more", answer)],
        "q2": [shown("rust/a/x.md", "else", "more", "and more")],
        "q3": [shown("rust/a/other.md", answer)],  # not found: it says nothing on the choice of chunks
        "q4": [shown("rust/a/x.md", answer)],  # without a hint
    }
    figures = evaluate(path, lambda query, mode: given[query], ["hybrid"])["hybrid"]
    assert (figures["shown@1"], figures["shown@3"]) == pytest.approx((1 / 3, 2 / 3))
    assert set(figures["interval"]) == {"hit@1", "hit@5", "hit@10", "mrr@10", "shown@1", "shown@3"}


def test_relevant_may_name_one_item_of_a_file_that_holds_many() -> None:
    items = [shown("rust/json/mio.json", "t", item_path=f"mio::{name}") for name in ("Poll", "SourceFd", "Token")]
    assert rank_of(items, frozenset({"rust/json/mio.json#mio::SourceFd"})) == 2
    assert rank_of(items, frozenset({"rust/json/mio.json"})) == 1
    assert rank_of(items, frozenset({"rust/json/mio.json#mio::Waker"})) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"doc_type": "rust", "query": "q", "relevant": ["a/b/c"]}\n{"doc_type": ', "line 2 is not JSON"),
        ('\n["q"]', "line 2 is not a JSON object"),
        ('{"doc_type": "rust", "relevant": ["a/b/c"]}', "line 1: 'query'"),
        ('{"doc_type": 3, "query": "q", "relevant": ["a/b/c"]}', "line 1: 'doc_type'"),
        ('{"doc_type": "rust", "query": "q", "relevant": []}', "line 1: 'relevant'"),
        ('{"doc_type": "rust", "query": "q", "relevant": ["a/b/c"], "style": 1}', "line 1: 'style'"),
        ('{"doc_type": "rust", "query": "q", "relevant": "a/b/c"}', "line 1: 'relevant'"),
        (" \n\n", "holds no questions"),
        (b"\xff\xfe\xfa", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_a_malformed_file_of_questions_is_an_error_that_names_file_and_line(
    tmp_path: Path, content: str | bytes | None, message: str
) -> None:
    path = tmp_path / "broken.jsonl"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DocAssetsError, match=r"broken\.jsonl") as raised:
        evaluate(path, lambda query, mode: [], ["text"])
    assert message in str(raised.value)
