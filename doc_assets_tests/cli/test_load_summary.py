"""What the summary of ``migrate`` says of all its loads together."""

from __future__ import annotations

import pytest

from doc_assets.cli.closing_summary import print_closing
from doc_assets.cli.load_summary import Loading, LoadSummary
from doc_assets.ingest.result import LoadResult


def summary(loading: Loading | None, *stages: dict[str, float]) -> LoadSummary:
    results = [LoadResult("rust", f"crate-{i}", "published", stages=given) for i, given in enumerate(stages)]
    return LoadSummary(results, 12.0, 0, {"discover": 1.0}, None, loading)


@pytest.mark.parametrize(
    ("first", "second", "slowest"),
    [
        ({"parse": 2.0, "embed": 4.0, "write": 1.0}, {"parse": 1.0, "embed": 5.0, "seal": 0.5, "audit": 1.5}, "embed"),
        ({"parse": 9.0, "embed": 1.0, "write": 9.0}, {"parse": 8.0, "embed": 1.0, "write": 5.0}, "parse"),
        ({"parse": 1.0, "embed": 1.0, "write": 1.0}, {"embed_waited_for_parse": 9.0, "discover": 9.0}, None),
    ],
)
def test_the_stage_whose_processes_worked_most_of_the_time_is_the_bottleneck(
    first: dict[str, float], second: dict[str, float], slowest: str | None
) -> None:
    found = summary(Loading(10.0, {"parse": 2, "embed": 1, "write": 2}), first, second)
    assert found.bottleneck == slowest


def test_sealing_and_auditing_are_writing_and_a_share_is_of_all_processes_that_work_side_by_side() -> None:
    found = summary(
        Loading(10.0, {"parse": 2, "embed": 1, "write": 2}),
        {"parse": 4.0, "embed": 9.0, "write": 1.0, "seal": 2.0, "audit": 3.0},
    )
    assert found.busy == {"parse": 0.2, "embed": 0.9, "write": 0.3}


def test_without_a_load_nothing_was_busy() -> None:
    assert (summary(None).busy, summary(None).bottleneck) == ({}, None)


def test_a_stopped_load_is_summed_up_by_what_is_in_and_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    sentence = "stopped on request at a batch border: 358 of 700 files are in; running it again resumes"
    results = [
        LoadResult("rust", "std", "stopped", 7, files=358, documents=350, chunks=900, embedded=800, error=sentence),
        LoadResult("rust", "book", "stopped", error="not begun: a stop was requested"),
    ]
    stopped = LoadSummary(results, 12.0, 0, {"discover": 1.0}, None)
    stopped.print_tables()
    print_closing(stopped)
    captured = capsys.readouterr()
    assert f"rust/std: {sentence}\n" in captured.err
    assert "358 files of 1 partition are in, 1 were not begun; the same command goes on" in captured.err
    assert "358" in captured.out and "800" in captured.out
