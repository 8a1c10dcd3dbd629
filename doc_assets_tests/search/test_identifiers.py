"""Identifiers of several parts stand together, or they are other identifiers."""

from __future__ import annotations

import pytest

from doc_assets.search.identifiers import identifiers, occurs, share


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("limit of --history-max per release", ["--history-max"]),
        ("what does `allow-unwrap-in-tests` allow?", ["allow-unwrap-in-tests"]),
        ("which versions does ^0.0.3 mean", ["^0.0.3"]),
        ("#[error(transparent)]", ["#[error(transparent)]"]),
        ("(see node.kubernetes.io/out-of-service)", ["node.kubernetes.io/out-of-service"]),
        ("structopt Option<Option<T>> flag", ["Option<Option<T>>"]),
        ("call DLMM_CLIENT.create.", ["DLMM_CLIENT.create"]),
        ("call partnerWithdrawSurplus twice", ["partnerWithdrawSurplus"]),
        ("why does it stop, and when?", []),
        ("the user's own words", []),
        ("() -- ... ''", []),
    ],
)
def test_words_of_several_parts_are_identifiers_without_the_marks_around_them(query: str, found: list[str]) -> None:
    assert identifiers(query) == found


def test_an_identifier_occurs_only_as_a_whole_in_any_case() -> None:
    assert occurs("--history-max", "Set `--HISTORY-MAX` to 3.")
    assert not occurs("--history-max", "--history --max, or the max of its history")
    assert not occurs("history-max", "history-maximum") and occurs("history-max", "xhistory-max history-max")
    assert occurs("^0.0.3", '{"a": "^0.0.3"}') and not occurs("^0.0.3", "^0.0.31")
    assert occurs("#[error(transparent)]", "#[error(transparent)]")


def test_the_share_is_that_of_the_identifiers_words_in_the_weights_of_the_query() -> None:
    assert share("--history-max", ["histori", "max", "releas"], [2.0, 1.0, 3.0]) == pytest.approx(0.5)
    assert share("^0.0.3", ["3", "0", "version"], [1.0, 1.0, 2.0]) == pytest.approx(0.5)
    assert share("a-b", [], []) == 0
