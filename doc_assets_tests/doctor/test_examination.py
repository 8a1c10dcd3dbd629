"""Examinations run apart from each other, and end in time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from doc_assets.doctor import Diagnosis, Surroundings, examine
from doc_assets.doctor.diagnosis import ok
from doc_assets.doctor.examination import Examination
from doc_assets.errors import StoreError


def says(subject: str) -> Examination:
    return Examination(subject, 30, lambda _: [ok(subject, "fine")])


@pytest.mark.parametrize(
    ("error", "sentence", "remedy"),
    [
        (ZeroDivisionError("division by zero"), "could not be examined: ZeroDivisionError: division by zero", True),
        (StoreError("the disk is full: free some"), "the disk is full: free some", False),
    ],
)
def test_one_that_fails_is_a_fault_and_hides_neither_what_it_found_nor_the_others(around, error, sentence, remedy):
    def fails(_: Surroundings) -> Iterator[Diagnosis]:
        yield ok("half", "fine")
        raise error

    found = list(examine(around(), [says("first"), Examination("half", 30, fails), says("last")]))
    assert [(one.subject, one.verdict) for one in found] == [
        ("first", "ok"), ("half", "ok"), ("half", "fault"), ("last", "ok"),
    ]  # fmt: skip
    assert (found[2].sentence, found[2].remedy is not None) == (sentence, remedy)


def test_one_that_does_not_end_is_a_warning_once_its_time_is_over(around):
    end = threading.Event()

    def waits(_: Surroundings) -> Iterator[Diagnosis]:
        yield ok("slow", "begun")
        end.wait(60)

    found = list(examine(around(), [Examination("slow", 0.2, waits), says("last")]))
    end.set()
    assert [(one.subject, one.verdict) for one in found] == [("slow", "ok"), ("slow", "warning"), ("last", "ok")]
    assert found[1].sentence == "no answer within 0.2 s"
