"""What ``migrate`` says at its end: what was loaded, what was not and why, what to do next, what bounded it.

A label stands before each paragraph, and a terminal's width decides where its lines break; elsewhere each sentence is
one line. ``load_summary`` has the numbers.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from doc_assets.cli.output import messages, print_note
from doc_assets.report.bounds import advice, in_words
from doc_assets.report.mending import by_kind, command_for, next_step
from doc_assets.runtime.progress import count_of, duration

if TYPE_CHECKING:
    from doc_assets.cli.load_summary import LoadSummary
    from doc_assets.ingest.result import LoadResult

Paragraph = tuple[str, list[str]]
_LABEL = 11  # columns
_SHOWN = 8  # failures, and kinds of reasons, with lines of their own
_STAGE_NAMES = {"parse": "parsing", "embed": "embedding", "write": "writing"}


def print_closing(summary: LoadSummary) -> None:
    """Print the paragraphs to stderr."""
    for label, sentences in paragraphs(summary):
        for line in laid_out(label, sentences, min(messages.width, 100) if messages.is_terminal else None):
            print_note(line)


def laid_out(label: str, sentences: list[str], width: int | None) -> Iterator[str]:
    """Yield the lines of a paragraph; None for ``width`` breaks none."""
    for i, sentence in enumerate(sentences):
        first = f"{label if i == 0 else '':<{_LABEL}}"
        if width is None:
            yield first + sentence
            continue
        yield from textwrap.wrap(
            sentence, max(width, 40), initial_indent=first, subsequent_indent=" " * (_LABEL + 2),
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip


def paragraphs(summary: LoadSummary) -> Iterator[Paragraph]:
    """Yield what is to be said, each with its label: what went well first, what to do last."""
    totals = summary.totals
    yield "loaded", list(_loaded(summary))
    if summary.unfinished:
        yield from _unfinished(summary)
    for outcome in ("rejected", "skipped"):
        if sentences := list(_left_out(summary, outcome)):
            yield outcome, sentences
    if missing := totals["includes_missing"]:
        said = f"{missing:,} files that documents include are missing; the warnings above say where"
        yield "includes", [said]
    if summary.near_pairs:
        pairs = count_of(summary.near_pairs, "pair of documents is", "pairs of documents are")
        said = f"{pairs} nearly the same; a search shows one of each"
        yield "duplicates", [f"{said}: doc-assets duplicates"]
    if totals["retries"] or totals["embedding_retries"]:
        steps, requests = totals["retries"], totals["embedding_retries"]
        said = f"{steps:,} steps of the database, {requests:,} requests to the embedding endpoint"
        yield "retries", [f"tried again after failures that passed: {said}"]
    if checks := [check for result in summary.results for check in result.checks]:
        failed = sum(not check.passed for check in checks)
        yield "checks", [f"{len(checks) - failed:,} of {len(checks):,} passed"]
    if busy := summary.busy:
        yield "bounded by", _bounded(summary, busy)
    yield "used", [f"{_times(summary)}; peak memory {totals['peak_rss_bytes'] / 1e9:.2f} GB"]
    # Of a run that published nothing, too: it has most to explain. What was not begun is not in the history.
    if summary.run and any(result.snapshot is not None or result.result != "stopped" for result in summary.results):
        yield "report", [f"doc-assets history --report {summary.run[:8]} -o report.html"]
    if summary.batch_id is not None:
        yield "undo", [f"doc-assets rollback --run {summary.batch_id[:8]}"]


def _loaded(summary: LoadSummary) -> Iterator[str]:
    totals = summary.totals
    published = [result for result in summary.results if result.result == "published"]
    unchanged = sum(result.result == "unchanged" for result in summary.results)
    documents = sum(result.documents for result in published)
    rest = f"; {count_of(unchanged, 'partition')} {'is' if unchanged == 1 else 'are'} unchanged" if unchanged else ""
    yield (
        f"{count_of(documents, 'document')} of {count_of(len(published), 'partition')} in {duration(summary.seconds)}, "
        f"{totals['documents_per_minute']:,.0f} documents/min{rest}"
    )
    chunks, embedded = totals["embedded"] + totals["reused"], totals["embedded"]
    reused = "" if embedded == chunks else "; the store had the vectors of the others"
    yield (
        f"{embedded:,} of {chunks:,} chunks embedded, {summary.per_second(totals['tokens_embedded']):,.0f} tokens/s; "
        f"{totals['bytes'] / 1e6:,.1f} MB of files, {summary.per_second(totals['bytes']) * 60e-6:,.1f} MB/min{reused}"
    )


def _unfinished(summary: LoadSummary) -> Iterator[Paragraph]:
    """Yield a paragraph for each kind of bad end; the messages stand above, where they happened."""
    for end in ("failed", "rejected", "stopped"):
        results = [result for result in summary.unfinished if result.result == end]
        if not results:
            continue
        begun = [result for result in results if result.snapshot is not None or end != "stopped"]
        sentences = []
        for result in begun[:_SHOWN]:
            sentences.append(f"{result.partition}: {_shortened(result)}")
            if end != "stopped":
                sentences.append(f"  next: {next_step(result.partition, end)}")
        if len(begun) > _SHOWN:
            where = ": doc-assets status" if end == "stopped" else ": doc-assets history --failed"
            sentences.append(f"and {len(begun) - _SHOWN:,} more{where}")
        if end == "stopped":
            sentences.append(
                f"{sum(result.files for result in begun):,} files of {count_of(len(begun), 'partition')} are in, "
                f"{len(results) - len(begun):,} were not begun; the same command goes on from there"
            )
        yield "not loaded" if end == "rejected" else end, sentences


def _shortened(result: LoadResult) -> str:
    """Return the beginning of a message, which stands above in full; some begin with the partition's name."""
    line = " ".join((result.error or "").split()).removeprefix(f"{result.partition}: ")
    return line if len(line) <= 160 else f"{line[:159]}…"


def _left_out(summary: LoadSummary, outcome: str) -> Iterator[str]:
    kinds = [kind for kind in by_kind(summary.left_out) if kind.kind.outcome == outcome]
    for kind in kinds[:_SHOWN]:
        command = f": {command_for(kind)}" if outcome == "rejected" else ""
        yield f"{count_of(kind.files, 'file')}, {kind.kind.title}; {kind.kind.mending}{command}"
    if len(kinds) > _SHOWN:
        rest = sum(kind.files for kind in kinds[_SHOWN:])
        yield f"{rest:,} more for {len(kinds) - _SHOWN:,} other reasons; the report has all of them"


def _bounded(summary: LoadSummary, busy: dict[str, float]) -> list[str]:
    named = f"{_STAGE_NAMES[summary.bottleneck]}; busy: " if summary.bottleneck else "no stage; busy: "
    return [
        named + in_words(busy, _STAGE_NAMES),
        f"would help: {'; '.join(advice(summary.bottleneck, summary.machine, summary.loads))}",
    ]


def _times(summary: LoadSummary) -> str:
    spent = {stage: seconds for stage, seconds in summary.stages.items() if "_waited_" not in stage and seconds >= 0.5}
    return "seconds by stage, side by side: " + (
        ", ".join(f"{s} {t:,.0f}" for s, t in spent.items()) or "less than one"
    )
