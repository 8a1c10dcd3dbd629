"""``doc-assets embedder check``: compare the configured embedder with fp32 on torch, before it fills a store."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from doc_assets.cli import embedder_quantise
from doc_assets.cli.embedding_meter import EmbeddingMeter
from doc_assets.cli.output import JSON_OPTION, print_error, print_json, print_note, print_table
from doc_assets.runtime.progress import duration
from doc_assets.settings import Settings
from doc_assets.store.schema.opening import open_for_reading

if TYPE_CHECKING:
    from doc_assets.search.embedder_verdict import EmbedderCheck

app = typer.Typer(no_args_is_help=True, help="Examine the configured embedder.")
app.command("quantise")(embedder_quantise.quantise)


@app.command("check")
def check(
    # Of about 170 tokens each: 85,000, for which torch in fp32 takes 115 CPU seconds of AVX2, OpenVINO 62.
    sample: int = typer.Option(500, min=2, metavar="N", help="Chunks to compare, drawn at random."),
    folder: Path | None = typer.Option(
        None, metavar="DIR", help="Parse and chunk documents of this folder, instead of the chunks that are live."
    ),
    questions: Path | None = typer.Option(
        None, metavar="FILE", help="Also compare what both find: a file of questions as for evaluate."
    ),
    against: int | None = typer.Option(
        None,
        metavar="SPACE",
        help="Compare the vectors that the store holds of the configured model with those of this space, by its id "
        "from doc-assets spaces, over all that is live.",
    ),
    reference: str | None = typer.Option(
        None, metavar="MODEL", help="Another model to compare with, in fp32 on torch; a name or a folder."
    ),
    reading: str | None = typer.Option(
        None, metavar="NAME", help="What the reference reads of texts, as in verbatim; the same by default."
    ),
    overlap: float = typer.Option(0.95, min=0, max=1, help="Least share of the 10 nearest chunks in common."),
    loss: float = typer.Option(0.01, min=0, max=1, help="What hit@5 and MRR@10 may lose, in each mode."),
    seed: int | None = typer.Option(None, help="Seed of the random sample, to draw the same one again."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Compare the configured precision, backend or model with fp32 on torch; exit 1 if it is worse than allowed."""
    from doc_assets.search import embedder_check
    from doc_assets.search.contenders import Contender, contenders
    from doc_assets.search.embedder_verdict import Bounds, Inquiry
    from doc_assets.search.evaluation import read_questions

    if against is not None and (folder or reference or reading):
        raise typer.BadParameter(
            "--against compares two spaces of the store: leave out --folder, --reference and --reading"
        )
    settings = Settings.from_environment()
    asked = read_questions(questions) if questions else []
    seed = secrets.randbits(32) if seed is None else seed
    with EmbeddingMeter() as meter:
        inquiry = Inquiry(sample, seed, asked, Bounds(overlap, loss), meter.show, print_note)
        if against is not None:
            subject = Contender.of(settings)
            with open_for_reading(settings) as store:
                result = embedder_check.check_spaces(store, subject, against, inquiry)
        elif folder is not None:
            from doc_assets.ingest.folder_sample import sample_folder

            sides = contenders(settings, reference, reading)
            answering = {place for question in asked for place in question.relevant}
            texts = sample_folder(folder, settings, sample, seed, answering)
            result = embedder_check.check_texts(texts, sides, inquiry)
        else:
            sides = contenders(settings, reference, reading)
            with open_for_reading(settings) as store:
                result = embedder_check.check_store(store, sides, inquiry)
    if as_json:
        print_json({"passed": result.passed, **asdict(result)})
    else:
        _print(result)
    for outcome in result.outcomes:
        if not outcome.passed:
            print_error(outcome.sentence)
    if not result.passed:
        raise typer.Exit(1)


def _print(result: EmbedderCheck) -> None:
    held = {outcome.name: outcome for outcome in result.outcomes}

    def verdict(name: str) -> tuple[str, str]:
        outcome = held.get(name)
        if outcome is None:
            return "", ""
        return f"{outcome.bound:g}", "passed" if outcome.passed else "FAILED"

    near = result.cosines
    rows = [] if near is None else [
        ("cosine, mean", f"{near.mean:.4f}", "", ""),
        ("cosine, 1st percentile", f"{near.p01:.4f}", "", ""),
        ("cosine, least", f"{near.least:.4f}", "", ""),
    ]  # fmt: skip
    rows.append(("overlap@10", f"{result.overlap:.4f} ± {result.overlap_error:.4f}", *verdict("overlap@10")))
    print_table(
        f"{result.subject} against {result.reference}: {result.chunks:,} chunks",
        ["vectors", "value", "at least", "result"],
        rows,
    )
    if result.retrieval:
        among = "all that is live" if result.candidates is None else f"{result.candidates:,} chunks"
        print_table(
            f"{result.questions} questions over {among}",
            ["mode", "figure", "subject", "reference", "loss", "at most", "result", "better", "worse"],
            [
                (mode, name, f"{figures.subject[name]:.3f}", f"{figures.reference[name]:.3f}",
                 f"{figures.loss[name]:+.3f} ± {figures.error[name]:.3f}", *verdict(f"{mode} {name}"),
                 figures.better, figures.worse)
                for mode, figures in result.retrieval.items()
                for name in figures.subject
            ],
            first=["mode", "figure", "subject", "reference", "loss", "result"],
        )  # fmt: skip
    for side in (result.subject, result.reference):
        if side.tokens_per_second is not None:
            print_note(f"{side}: {side.tokens_per_second:,} tokens/s")
        if side.cut:
            print_note(f"{side} read only the beginning of {side.cut:,} chunks, which are longer than its window")
    print_note(f"{'passed' if result.passed else 'FAILED'} (seed {result.seed}, {duration(result.seconds)})")
