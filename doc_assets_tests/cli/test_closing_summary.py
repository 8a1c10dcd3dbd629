"""The end of ``migrate`` fits 80 columns and says what failed, why, what mends it, and what bounded the load."""

from __future__ import annotations

from doc_assets.cli.closing_summary import laid_out, paragraphs
from doc_assets.cli.load_summary import Loading, LoadSummary
from doc_assets.ingest.result import LoadResult
from doc_assets.report.bounds import Machine
from doc_assets.store.versions.runs import LeftOutFiles


def summary() -> LoadSummary:
    results = [
        LoadResult("rust", "std", "published", 3, documents=40, chunks=90, embedded=50, reused=40, includes_missing=7,
                   tokens_embedded=9000, stages={"parse": 1.0, "embed": 9.6}),
        LoadResult("rust", "book", "unchanged", 2, documents=5),
        LoadResult("defi", "gone", "failed", error="source gone: https://example.org/a.git did not answer " * 3),
        LoadResult("defi", "odd", "rejected", 4, error="defi/odd: 9 of 10 files were rejected; not published"),
    ]  # fmt: skip
    left_out = [
        LeftOutFiles("rust/std", "skipped", "redirect to a", 3, "x.html"),
        LeftOutFiles("defi/odd", "rejected", "above the limit (DOC_ASSETS_MAX_TEXT_CHARACTERS)", 9, "big.md"),
    ]
    return LoadSummary(
        results, 12.0, 10**9, {"discover": 1.0}, "cfd57edc-5e82", Loading(10.0, {"parse": 2, "embed": 1, "write": 2}),
        left_out=left_out, near_pairs=2, machine=Machine(2, 2, frozenset({"avx2"}), "openvino", "fp32"),
    )  # fmt: skip


def test_each_paragraph_says_what_to_do_about_it() -> None:
    said = {label: " ".join(sentences) for label, sentences in paragraphs(summary())}
    assert said["loaded"].startswith("40 documents of 1 partition in 12 s")
    assert "1 partition is unchanged" in said["loaded"]
    assert "defi/gone" in said["failed"] and "doc-assets migrate defi/gone" in said["failed"]
    assert "doc-assets migrate defi/odd" in said["not loaded"]
    assert "raise DOC_ASSETS_MAX_TEXT_CHARACTERS" in said["rejected"]
    assert "doc-assets quarantine retry defi/odd" in said["rejected"]
    assert "3 files, redirects; nothing to do" in said["skipped"]
    assert said["includes"].startswith("7 files") and said["duplicates"].startswith("2 pairs")
    assert said["bounded by"].startswith("embedding; busy: embedding 96%") and "VNNI" in said["bounded by"]
    assert said["undo"] == "doc-assets rollback --run cfd57edc"


def test_no_line_is_wider_than_a_terminal_of_80_columns_but_for_a_word_that_is() -> None:
    for label, sentences in paragraphs(summary()):
        for line in laid_out(label, sentences, 80):
            assert len(line) <= 80, line


def test_without_a_terminal_each_sentence_is_one_line() -> None:
    for label, sentences in paragraphs(summary()):
        assert len(list(laid_out(label, sentences, None))) == len(sentences)


def said_of(*results: LoadResult, seconds: float = 3.0) -> dict[str, str]:
    found = LoadSummary(results, seconds, 0, {}, None, Loading(seconds, {"parse": 1}), run="0a1b2c3d-9")
    return {label: " ".join(sentences) for label, sentences in paragraphs(found)}


def test_a_run_that_published_nothing_names_its_report_and_gives_no_advice_on_its_pace() -> None:
    said = said_of(LoadResult("rust", "a", "failed", error="gone"))
    assert said["report"] == "doc-assets history --report 0a1b2c3d -o report.html"
    assert "undo" not in said and "bounded by" not in said


def test_partitions_that_a_stop_left_out_are_counted_and_only_those_begun_are_named() -> None:
    begun = [LoadResult("rust", f"begun-{n}", "stopped", snapshot=n, error="stopped") for n in range(1, 11)]
    said = said_of(*begun, LoadResult("rust", "left", "stopped", error="not begun"))
    assert "rust/left" not in said["stopped"] and "1 were not begun" in said["stopped"]
    assert "and 2 more: doc-assets status" in said["stopped"] and "report" in said
    assert "report" not in said_of(LoadResult("rust", "left", "stopped", error="not begun"))


def test_a_load_that_took_no_time_has_no_pace() -> None:
    assert (
        "1 document of 1 partition in 0 s, 0 documents/min"
        in said_of(LoadResult("rust", "a", "published", 1, documents=1), seconds=0.0)["loaded"]
    )
