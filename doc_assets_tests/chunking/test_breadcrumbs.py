"""A breadcrumb names title and heading within its budget, and parents only where they leave room for both."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from doc_assets.chunking.breadcrumbs import Breadcrumbs
from doc_assets.document import Document
from doc_assets.embedding.opening import open_tokenizer
from doc_assets.settings import Settings
from doc_assets_tests.support.texts import any_text

TOKENIZER = open_tokenizer(Settings.from_environment({})).as_written
BUDGET = 48

titles = st.one_of(
    st.sampled_from(
        ["Guide", "Install", "tokio::fs", "中文的标题", "x" * 300, "e\u0301" * 250, "read_to_string() " * 9]
    ),
    any_text(min_size=1, max_size=80),
)
paths = st.lists(titles, max_size=15).map(tuple)


def breadcrumb(title: str, path: tuple[str, ...] = (), parents: tuple[str, ...] = ()) -> str:
    text, tokens = Breadcrumbs(Document(title, "markdown", (), {}, parents), TOKENIZER, BUDGET).of(path)
    assert tokens == TOKENIZER.count([text])[0]
    return text


@settings(max_examples=80, deadline=None)
@given(titles, paths, paths)
def test_parents_never_push_a_breadcrumb_over_its_budget_and_go_first(
    title: str, path: tuple[str, ...], parents: tuple[str, ...]
) -> None:
    alone, placed = breadcrumb(title, path), breadcrumb(title, path, parents)
    assert TOKENIZER.count([alone])[0] - 2 <= BUDGET
    assert TOKENIZER.count([placed])[0] - 2 <= BUDGET
    assert placed.endswith(alone)


def test_parents_stand_before_the_title_and_the_outermost_goes_first() -> None:
    parents = ("The Book of Everything", "Part II", "Chapter 7")
    assert breadcrumb("IPAM", ("Modes",), parents) == "The Book of Everything > Part II > Chapter 7 > IPAM > Modes"
    assert breadcrumb("IPAM", ("Modes",), ("word " * 40, *parents[1:])) == "Part II > Chapter 7 > IPAM > Modes"
    assert breadcrumb("IPAM", ("Modes",), (*parents, "x " * 47)) == "IPAM > Modes"


def test_a_parent_that_repeats_the_title_stands_once() -> None:
    assert breadcrumb("IPAM", (), ("Networking", "Ipam")) == "Networking > IPAM"


def test_a_path_too_long_keeps_title_and_innermost_heading() -> None:
    path = ("x " * 30, "y " * 46, "Linux")
    assert breadcrumb("Guide", path, ("Book",)) == "Guide > … > Linux"
