"""The page: one HTML file that needs nothing else, neither network nor scripts; every stored text is escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from doc_assets import __version__
from doc_assets.report.figures import RunFigures, figures_of, moment
from doc_assets.report.sections import Plot, sections_of
from doc_assets.runtime.progress import duration
from doc_assets.runtime.visible_text import visible
from doc_assets.secrets import mask
from doc_assets.store.versions.runs import RunFacts

_FOLDER = Path(__file__).parent / "templates"
# Of one cell: a message may be as long as a source makes it.
_LONGEST = 1_000
_NAMES = {"batch": "Runs started together,", "run": "Run", "event": "Event"}


def page(facts: RunFacts) -> str:
    """Return the report of a run as HTML."""
    figures = figures_of(facts)
    style = (_FOLDER / "report.css").read_text()
    sections = [
        {
            "id": section.id,
            "title": section.title,
            "paragraphs": section.paragraphs,
            "troubles": section.troubles,
            "plots": [_drawn(plot) for plot in section.plots],
            "tables": section.tables,
        }
        for section in sections_of(facts, figures)
    ]
    verdict, more = _verdict(figures)
    return _template().render(
        policy=_policy(style),
        style=Markup(style),  # noqa: S704 - our own file
        title=_title(facts, figures),
        kind=_NAMES[facts.run.kind],
        run=facts.run.id,
        bad=bool(figures.troubles),
        verdict=verdict,
        verdict_more=more,
        key_figures=list(_key_figures(figures)),
        sections=sections,
        version=__version__,
        made_at=moment(facts.read_at),
        command=f"doc-assets history --report {facts.run.id} -o FILE",
    )


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = _shown
    return environment.get_template("report.html")


def _shown(value: object) -> str:
    """Return a text without characters that change the order of others, and not too long; it is escaped after that."""
    text = visible(mask(str(value)))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _drawn(plot: Plot) -> dict[str, object]:
    return {"title": plot.title, "note": plot.note, "svg": Markup(plot.svg)}  # noqa: S704 - ElementTree's own


def _policy(style: str) -> str:
    """Return the policy: our own style sheet, by its hash, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def _title(facts: RunFacts, figures: RunFigures) -> str:
    actions = sorted({event.action for event in facts.events}) or ["load"]
    what = " and ".join(actions)
    return f"{what.capitalize()} of {moment(figures.began)}" if figures.began else what.capitalize()


def _verdict(figures: RunFigures) -> tuple[str, str]:
    counted: dict[str, int] = {}
    for _, result, count in figures.actions:
        if result != "unchanged":
            counted[result] = counted.get(result, 0) + count
    if figures.unchanged:
        counted["unchanged"] = len(figures.unchanged)
    results = ", ".join(f"{count:,} {result}" for result, count in counted.items())
    noted = {"files rejected": figures.totals["rejected"], "warnings": len(figures.warnings)}
    results += "".join(f"; {count:,} {what}" for what, count in noted.items() if count)
    if figures.troubles:
        return f"{len(figures.troubles):,} did not end well.", f"{results}." if results else "No end is recorded."
    return "All is well.", f"{results}." if results else "No event is recorded."


def _key_figures(figures: RunFigures) -> Iterator[tuple[str, str]]:
    totals = figures.totals
    yield "began (UTC)", moment(figures.began).removesuffix(" UTC")
    yield "ended (UTC)", moment(figures.ended).removesuffix(" UTC") or "not yet"
    yield "took", duration(figures.seconds)
    if not figures.course:
        return
    yield "documents", f"{totals['documents']:,}"
    yield "chunks", f"{totals['chunks']:,}"
    yield "embedded by this run", f"{totals['embedded']:,} chunks"
    yield "tokens embedded", f"{totals['tokens_embedded']:,}"
    size = f", {totals['bytes'] / 1e6:,.1f} MB" if totals["bytes"] else ""  # older programs kept none of an early end
    yield "source files", f"{totals['files']:,}{size}"
    yield "rejected, skipped", f"{totals['rejected']:,}, {totals['skipped']:,} files"
    yield "pace", f"{figures.documents_per_minute:,.1f} documents/min"
    yield "embedding", f"{figures.tokens_per_second:,.0f} tokens/s"
    yield "peak of one load", f"{figures.peak_rss_bytes / 1e6:,.0f} MB"
