"""The page says what the history says, escapes what is stored, and allows neither network nor scripts."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest
from selectolax.lexbor import LexborHTMLParser

from doc_assets.report import sections
from doc_assets.report.figures import RunFigures, figures_of
from doc_assets.report.page import page
from doc_assets.store.database.connection import Store
from doc_assets.store.history.history import HistoryFilter, history
from doc_assets.store.versions.runs import RunFacts, run_facts
from doc_assets_tests.support.hostile_library import SCRIPT
from doc_assets_tests.support.library import Library, WordModel
from doc_assets_tests.support.reported_runs import SECOND, UNDONE, number_of, publish_batches, stage_killed


@pytest.fixture(scope="module")
def library(shared_store: Store) -> Library:
    made = Library(shared_store, WordModel(window=256))
    publish_batches(made)
    return made


@pytest.fixture(scope="module")
def facts(library: Library) -> RunFacts:
    return run_facts(library.store, SECOND)


@pytest.fixture(scope="module")
def figures(facts: RunFacts) -> RunFigures:
    return figures_of(facts)


@pytest.fixture(scope="module")
def html(facts: RunFacts) -> str:
    return page(facts)


@pytest.fixture(scope="module")
def tree(html: str) -> LexborHTMLParser:
    return LexborHTMLParser(html)


def table(tree: LexborHTMLParser, caption: str) -> list[list[str]]:
    for found in tree.css("table"):
        head = found.css_first("caption")
        if head is not None and head.text() == caption:
            return [[cell.text() for cell in row.css("th, td")] for row in found.css("tbody tr")]
    raise AssertionError(f"no table {caption!r}")


def test_sums_are_those_of_the_history(library: Library, figures: RunFigures) -> None:
    events = [e for e in history(library.store, HistoryFilter(run=SECOND)) if e.result == "published"]
    for name in (
        "files",
        "documents",
        "chunks",
        "tokens",
        "bytes",
        "skipped",
        "rejected",
        "embedded",
        "tokens_embedded",
    ):
        assert figures.totals[name] == sum(event.counts[name] for event in events), name
    assert figures.peak_rss_bytes == max(event.peak_rss_bytes or 0 for event in events)


def test_the_partitions_are_the_events_with_their_counts(library: Library, tree: LexborHTMLParser) -> None:
    shown = {row[0]: row for row in table(tree, "Events of partitions")}
    events = history(library.store, HistoryFilter(run=SECOND))
    assert set(shown) == {event.partition for event in events}
    for event in events:
        if event.result == "published":
            assert shown[event.partition or ""][3:6] == [
                str(event.to_snapshot), f"{event.counts['documents']:,}", f"{event.counts['chunks']:,}",
            ]  # fmt: skip


def test_what_failed_stands_with_its_message_and_the_next_command(tree: LexborHTMLParser) -> None:
    (trouble,) = tree.css(".trouble")
    text = trouble.text()
    assert "defi/gone" in text and "did not answer" in text and "doc-assets migrate defi/gone" in text
    verdict = tree.css_first(".verdict")
    assert verdict is not None and "1 did not end well" in verdict.text()


def test_a_load_that_failed_and_was_started_again_is_a_warning_and_no_trouble(facts: RunFacts) -> None:
    (failed,) = [event for event in facts.events if event.result == "failed"]
    again = replace(failed, id=failed.id + 1000, result="published", error=None)
    found = figures_of(replace(facts, events=(*facts.events, again)))
    assert found.troubles == ()
    ((name, text),) = [one for one in found.warnings if one[0] == failed.partition]
    assert name == "defi/gone" and "did not answer" in text and "started again" in text
    before = replace(again, id=failed.id - 1000)
    assert len(figures_of(replace(facts, events=(before, *facts.events))).troubles) == 1


def test_files_left_out_stand_with_reason_and_mending(tree: LexborHTMLParser) -> None:
    rejected = {row[0]: row for row in table(tree, "Rejected files, in quarantine")}
    assert rejected["above a limit"][1] == "1" and "DOC_ASSETS_MAX_TEXT_CHARACTERS" in rejected["above a limit"][3]
    (skipped,) = table(tree, "Skipped files")
    assert skipped[:2] == ["redirects", "2"]


def test_what_bounded_it_is_said_of_the_machine_that_was_recorded(figures: RunFigures, tree: LexborHTMLParser) -> None:
    assert figures.bottleneck == "embed" and figures.lanes_known
    rows = dict((row[0], row[1]) for row in table(tree, "Machine and settings of 1 load"))
    assert (
        rows["cores that may be used"] == "2"
        and rows["settings that are not the defaults"] == "DOC_ASSETS_PARSE_SECONDS=30"
    )


def test_stored_texts_are_escaped(html: str, tree: LexborHTMLParser) -> None:
    assert tree.css("script, img, iframe, object, embed, form") == []
    assert SCRIPT in tree.body.text() if tree.body else False
    assert not re.search(r"<[^>]+\son\w+\s*=", html)


def test_the_policy_allows_the_own_style_alone(html: str, tree: LexborHTMLParser) -> None:
    policy = tree.css_first("meta[http-equiv='Content-Security-Policy']")
    style = tree.css("style")
    assert policy is not None and len(style) == 1
    digest = base64.b64encode(hashlib.sha256(style[0].text().encode()).digest()).decode()
    assert policy.attributes["content"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert tree.css("[style]") == []


def test_nothing_is_fetched_from_elsewhere(html: str, tree: LexborHTMLParser) -> None:
    addresses = [element.attributes.get(name) for name in ("src", "href") for element in tree.css(f"[{name}]")]
    assert addresses == ["data:,"]
    assert "@import" not in html and "url(" not in html


def test_ids_are_unique_and_tables_have_captions(tree: LexborHTMLParser) -> None:
    ids = [element.attributes["id"] for element in tree.css("[id]")]
    assert len(ids) == len(set(ids))
    assert all(found.css_first("caption") for found in tree.css("table"))


def test_a_rollback_and_a_single_event_have_pages(library: Library) -> None:
    assert "<h1>Rollback of " in page(run_facts(library.store, UNDONE))
    failed = page(run_facts(library.store, str(number_of(library, "failed"))))
    assert "did not answer" in failed and "<svg" not in failed


def test_a_load_that_was_killed_has_a_page_that_says_how_to_go_on(library: Library) -> None:
    html = page(run_facts(library.store, stage_killed(library)))
    assert "no end is recorded" in html and "doc-assets migrate rust/killed goes on from there" in html


def test_a_table_has_so_many_rows_and_says_how_many_it_leaves_out(
    facts: RunFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sections, "MOST_ROWS", 20)
    html = page(replace(facts, events=facts.events * 10))
    assert "Events of partitions; the first 20 of 40 rows" in html
    assert max(len(found.css("tbody tr")) for found in LexborHTMLParser(html).css("table")) == 20
