"""What the page says of a run, section by section, as values that the template shows: text, tables, plots."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from doc_assets.document.records import OUTCOMES
from doc_assets.report import plots
from doc_assets.report.bounds import in_words
from doc_assets.report.course import RunCourse
from doc_assets.report.figures import RunFigures, Trouble
from doc_assets.report.mending import LeftOutKind, command_for
from doc_assets.runtime.progress import count_of, duration
from doc_assets.store.versions.runs import MOST_PAIRS, PartitionChange, RunFacts

# Rows of one table; what is beyond is counted below it. 105 partitions have a page of 0.2 MB, 1,000 one of 1 MB.
MOST_ROWS = 1000
_CHANGES = ("added", "changed", "moved", "copied", "removed", "unchanged")
_STAGE_NAMES = {
    "discover": "list the source",
    "parse": "parse",
    "embed": "embed",
    "write": "write",
    "seal": "seal",
    "audit": "audit",
    "vector index": "vector index",
}
_MOST_BARS = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, and ``n`` for numbers, ``wide`` for sentences."""

    name: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``folded`` is the line that unfolds it, empty where it is open."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] | None = None
    folded: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot with its title and what to know of it; ``svg`` is markup."""

    title: str
    note: str
    svg: str


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the page."""

    id: str
    title: str
    paragraphs: Sequence[str] = ()
    troubles: Sequence[Trouble] = ()
    plots: Sequence[Plot] = ()
    tables: Sequence[Table] = field(default_factory=list)


def sections_of(facts: RunFacts, figures: RunFigures) -> list[Section]:
    """Return the sections of a run's report that have anything to say."""
    makers: tuple[Callable[[RunFacts, RunFigures], Section | None], ...] = (
        _attention, _pace, _bound, _sizes, _left_out, _includes, _near, _changed, _partitions, _checks, _circumstances
    )  # fmt: skip
    return [section for make in makers if (section := make(facts, figures)) is not None]


def _table(
    caption: str,
    columns: str,
    rows: Sequence[Sequence[object]],
    total: Sequence[object] | None = None,
    folded: str = "",
) -> Table:
    """Return a table; a column's name ends with ``#`` for numbers, with ``~`` for sentences."""
    made = [Column(name.rstrip("#~"), {"#": "n", "~": "wide"}.get(name[-1], "")) for name in columns.split("|")]
    shown = [[_cell(value) for value in row] for row in rows[:MOST_ROWS]]
    if len(rows) > MOST_ROWS:
        caption += f"; the first {MOST_ROWS:,} of {len(rows):,} rows"
    return Table(caption, made, shown, None if total is None else [_cell(value) for value in total], folded)


def _cell(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.1f}" if isinstance(value, float) else str(value)


def _mb(size: float) -> str:
    return f"{size / 1e6:,.1f}"


def _attention(facts: RunFacts, figures: RunFigures) -> Section | None:
    warned = [(name, text) for name, text in figures.warnings]
    if not figures.troubles and not warned:
        return None
    count = f"{count_of(len(warned), 'warning')} of sources that were loaded"
    tables = [_table("Warnings of sources that were loaded", "partition|warning~", warned, folded=count)]
    return Section("attention", "What needs attention", (), figures.troubles[:MOST_ROWS], (), tables)


def _pace(facts: RunFacts, figures: RunFigures) -> Section | None:
    course = figures.course
    if course is None or not any([*course.documents_per_minute, *course.tokens_per_minute]):
        return None
    step = duration(course.seconds / len(course.minutes))
    if course.sampled == course.loads:
        how = f"From samples that each load recorded, in steps of {step}."
    elif course.sampled:
        how = (
            f"{course.sampled:,} of {course.loads:,} loads recorded samples; the others, which did not, count evenly "
            f"over their time and with their peak of memory. In steps of {step}."
        )
    else:
        how = (
            "This run recorded no samples: each load counts evenly over its time, and with its peak of memory. "
            f"In steps of {step}."
        )
    return Section(
        "pace", "Pace and memory", (f"{how} At most {course.at_once:,} ran side by side.",), (), list(_lines(course))
    )


def _lines(course: RunCourse) -> Iterator[Plot]:
    memory = [value / 1e9 for value in course.memory_bytes]
    of_loads = "Of the loads, their parse workers and a model that several loads share, without PostgreSQL."
    for name, title, values, unit, note in (
        (
            "documents",
            "Documents per minute",
            course.documents_per_minute,
            "documents/min",
            "Written, as batches are committed.",
        ),
        ("tokens", "Tokens per minute", course.tokens_per_minute, "tokens/min", "Embedded."),
        ("memory", "Memory in GB", memory, "GB", of_loads),
    ):
        mean = sum(values) / len(values)
        said = f"{plots.number(mean)} {unit} on average, {plots.number(max(values))} at most."
        yield Plot(title, f"{note} {said}", plots.line(f"plot-{name}", title, said, course.minutes, values))


def _bound(facts: RunFacts, figures: RunFigures) -> Section | None:
    if not any(figures.busy.values()):
        return None
    share = in_words(figures.busy, _STAGE_NAMES)
    guess = "" if figures.lanes_known else " The shares take one parse worker a load for granted, as none was recorded."
    said = f"The stage “{_STAGE_NAMES[figures.bottleneck]}” bounded it" if figures.bottleneck else "No stage bounded it"
    paragraphs = [
        f"{said}. Busy for this share of the loads' time: {share}.{guess}",
        f"What would help: {'; '.join(figures.advice)}.",
    ]
    worked = sum(figures.stages.values()) or 1.0
    rows = [(_STAGE_NAMES[name], spent, f"{spent / worked:.1%}") for name, spent in figures.stages.items()]
    waits = [(name.replace("_", " "), spent) for name, spent in figures.waits.items()]
    title, note = "Time by stage in seconds", "Summed over all loads; stages run side by side."
    stages = {_STAGE_NAMES[name]: spent for name, spent in figures.stages.items()}
    drawn = plots.bars("plot-stages", title, f"{note} {share}.", stages)
    return Section(
        "bound", "What bounded it", paragraphs, (), [Plot(title, note, drawn)],
        [
            _table("Seconds of work by stage, summed over all loads", "stage|seconds#|share#", rows),
            _table("Seconds of waiting between stages", "wait|seconds#", waits, folded="Waiting between stages"),
        ],
    )  # fmt: skip


def _sizes(facts: RunFacts, figures: RunFigures) -> Section | None:
    if not figures.types:
        return None
    totals = figures.types
    rows = [(t.doc_type, t.partitions, t.files, t.documents, t.chunks, t.tokens, _mb(t.bytes)) for t in totals]
    sums = [sum(getattr(t, name) for t in totals) for name in ("partitions", "files", "documents", "chunks", "tokens")]
    total = ("all", *sums, _mb(sum(t.bytes for t in totals)))
    sizes = "documents#|chunks#|tokens#|MB of files#"
    by_format = [
        (share.format, share.doc_type, share.documents, share.chunks, share.tokens, _mb(share.bytes))
        for kind in totals
        for share in kind.formats
    ]
    tokens: dict[str, float] = {}
    for share in facts.formats:
        tokens[share.format] = tokens.get(share.format, 0.0) + share.tokens
    formats = sorted(tokens.items(), key=lambda one: -one[1])
    shown = dict(formats[:_MOST_BARS])
    if rest := formats[_MOST_BARS:]:
        shown["others"] = sum(size for _, size in rest)
    drawn = [_tokens("type", {t.doc_type: t.tokens for t in totals}), _tokens("format", shown)]
    drawn = [plot for plot in drawn if plot is not None]
    return Section(
        "sizes", "Size by type and format", (), (), drawn,
        [
            _table("Snapshots of the run by type", f"type|partitions#|files#|{sizes}", rows, total),
            _table("Documents by format", f"format|type|{sizes}", by_format, folded="By format"),
        ],
    )  # fmt: skip


def _tokens(of: str, tokens: Mapping[str, float]) -> Plot | None:
    most = max(tokens.values(), default=0.0)
    if not most:
        return None
    unit, word = (
        (1e6, "Millions of tokens") if most >= 1e6 else (1e3, "Thousands of tokens") if most >= 1e4 else (1, "Tokens")
    )
    values = {name: count / unit for name, count in tokens.items()}
    title, said = f"{word} by {of}", ", ".join(f"{name} {plots.number(value)}" for name, value in values.items())
    return Plot(title, "", plots.bars(f"plot-{of}", title, f"{said}.", values))


def _left_out(facts: RunFacts, figures: RunFigures) -> Section | None:
    files = {name: sum(getattr(s, name) for s in facts.snapshots) for name in ("files", *OUTCOMES)}
    if not files["files"]:
        return None
    said = ", ".join(f"{files[name]:,} {name}" for name in OUTCOMES)
    paragraph = f"Of {files['files']:,} files: {said}. A duplicate has the content of another file, which is loaded."
    tables = []
    for outcome, of in (("rejected", "Rejected files, in quarantine"), ("skipped", "Skipped files")):
        kinds = [kind for kind in figures.left_out if kind.kind.outcome == outcome]
        rows = [(k.kind.title, k.files, _where(k), k.kind.mending, command_for(k)) for k in kinds]
        total = ("all", sum(kind.files for kind in kinds), "", "", "")
        tables.append(_table(of, "why~|files#|where|how to mend it~|command~", rows, total))
        examples = [(e.partition, e.path, e.reason, e.files) for kind in kinds for e in kind.examples]
        named = "Examples, with the reason word for word"
        tables.append(_table(f"{of}: examples", "partition|path~|reason~|files#", examples, folded=named))
    return Section("left-out", "What was not loaded", (paragraph,), (), (), tables)


def _where(kind: LeftOutKind) -> str:
    shown = ", ".join(f"{name} ({count:,})" for name, count in kind.partitions[:3])
    return shown + (f" and {len(kind.partitions) - 3:,} more" if len(kind.partitions) > 3 else "")


def _includes(facts: RunFacts, figures: RunFigures) -> Section | None:
    if not facts.lacking:
        return None
    rows = [(name, one.documents, one.includes, one.first, one.path) for name, one in facts.lacking]
    total = (
        "all",
        sum(one.documents for _, one in facts.lacking),
        sum(one.includes for _, one in facts.lacking),
        "",
        "",
    )
    return Section(
        "includes", "Includes that are missing",
        ("They include files that the source does not have: `subfolders` in the catalogue may leave them out.",),
        tables=[_table("Documents that lack includes", "partition|documents#|includes#|first~|in~", rows, total)],
    )  # fmt: skip


def _near(facts: RunFacts, figures: RunFigures) -> Section | None:
    if not facts.near.pairs:
        return None
    rows = [(f"{p.similarity:.3f}", p.one, p.one_title, p.other, p.other_title) for p in facts.near.examples]
    policies = sorted({snapshot.near_duplicates for snapshot in facts.snapshots})
    shown = f"the {MOST_PAIRS} most similar" if facts.near.pairs > MOST_PAIRS else "all of them"
    said = (
        f"{count_of(facts.near.pairs, 'pair of documents is', 'pairs of documents are')} nearly the same, with one of "
        "this run in each. A search shows "
        f"one of a pair ({', '.join(policies)}); doc-assets duplicates lists those of what is live."
    )
    return Section(
        "near", "Near duplicates", (said,),
        tables=[_table(f"Near duplicates, {shown}", "similarity#|document~|title~|near duplicate~|its title~", rows)],
    )  # fmt: skip


def _changed(facts: RunFacts, figures: RunFigures) -> Section | None:
    if not facts.changes and not figures.unchanged:
        return None
    rows = [_change(change) for change in facts.changes]
    counted = [change.counts for change in facts.changes if change.counts is not None]
    sums = [sum(counts.get(name, 0) for counts in counted) for name in _CHANGES]
    examples = [
        (change.partition, document.status, document.path, document.title)
        for change in facts.changes
        for document in change.examples
    ]
    settings = [(change.partition, text) for change in facts.changes for text in change.settings]
    paragraphs = []
    if figures.unchanged:
        paragraphs.append(
            count_of(
                len(figures.unchanged),
                "partition was compared with its source and holds what is live.",
                "partitions were compared with their sources and hold what is live.",
            )
        )
    if any(change.counts is None for change in facts.changes):
        paragraphs.append(
            "Where a number is missing, the manifest of one of the snapshots was removed by doc-assets gc."
        )
    columns = "partition|result|from#|to#|added#|changed#|moved#|copied#|removed#|unchanged#"
    return Section(
        "changes", "Changes since the snapshot before", paragraphs,
        tables=[
            _table("Documents by what became of them", columns, rows, ("all", "", "", "", *sums) if rows else None),
            _table("Examples of documents", "partition|change|path~|title~", examples, folded="Examples"),
            _table("What else differs", "partition|setting~", settings, folded="Settings that differ"),
            _table("Unchanged partitions", "partition", [(n,) for n in figures.unchanged], folded="Unchanged"),
        ],
    )  # fmt: skip


def _change(change: PartitionChange) -> tuple[object, ...]:
    counts = [None if change.counts is None else change.counts.get(name, 0) for name in _CHANGES]
    sides = [None if side is None else str(side) for side in (change.before, change.after)]
    return change.partition, change.result, *sides, *counts


def _partitions(facts: RunFacts, figures: RunFigures) -> Section | None:
    if not figures.rows:
        return None
    rows = [
        (
            row.event.partition, row.event.action, row.event.result,
            None if row.event.to_snapshot is None else str(row.event.to_snapshot),
            *(row.counts.get(name) for name in ("documents", "chunks", "embedded", "rejected", "skipped")),
            row.event.seconds, _peak(row.event.peak_rss_bytes), row.event.host or "",
        )
        for row in sorted(figures.rows, key=lambda one: (one.event.partition or "", one.event.id))
    ]  # fmt: skip
    columns = "partition|action|result|snapshot#|documents#|chunks#|embedded#|rejected#|skipped#|seconds#|peak MB#|on"
    return Section("partitions", "Partitions", (), tables=[_table("Events of partitions", columns, rows)])


def _peak(size: int | None) -> str | None:
    return None if size is None else f"{size / 1e6:,.0f}"


def _checks(facts: RunFacts, figures: RunFigures) -> Section | None:
    audited = [
        row for row in figures.rows if row.event.action == "load" and row.event.result in ("published", "rejected")
    ]
    validated = [event for event in facts.events if event.action == "validate"]
    if not audited and not validated:
        return None
    failed = [row for row in audited if row.failed_checks]
    paragraphs = []
    if audited:
        paragraphs.append(
            f"{count_of(len(audited), 'snapshot was', 'snapshots were')} audited before publication; "
            f"{len(audited) - len(failed):,} passed every "
            f"check, {len(failed):,} failed one."
        )
    for event in validated:
        figured = ", ".join(f"{n.replace('_', ' ')} {v:,}" for n, v in event.counts.items() if isinstance(v, int))
        paragraphs.append(f"Validation {event.result}: {figured}.")
    rows = [(row.event.partition, ", ".join(row.failed_checks), row.event.error or "") for row in failed]
    budget = [
        (row.event.partition, row.counts.get("rejected", 0), row.allowed, row.event.result)
        for row in audited
        if row.allowed is not None and row.counts.get("rejected", 0)
    ]
    return Section(
        "checks", "Checks and guards", paragraphs,
        tables=[
            _table("Checks that failed", "partition|checks|message~", rows),
            _table("Error budget: files that were rejected, and may be", "partition|rejected#|allowed#|result", budget),
        ],
    )  # fmt: skip


def _circumstances(facts: RunFacts, figures: RunFigures) -> Section:
    tables = []
    for i, (machine, loads) in enumerate(figures.machines[:20], 1):
        rows = [(name, value) for name, value in _facts_of(machine) if value]
        of = "" if len(figures.machines) == 1 else f" {i}"
        tables.append(_table(f"Machine and settings{of} of {count_of(loads, 'load')}", "what|value~", rows))
    spaces = sorted({snapshot.space for snapshot in facts.snapshots})
    known = [*facts.server.items(), *(("embedding model", space) for space in spaces)]
    known += [
        ("program", program) for program in sorted({str(e.counts.get("program") or "") for e in facts.events} - {""})
    ]
    known += [("by", who) for who in sorted({event.who for event in facts.events})]
    tables.append(_table("Database now, and programs", "what|value~", known))
    paragraphs = () if figures.machines else ("It was not recorded; loads of newer programs record it.",)
    return Section("circumstances", "Settings and machine", paragraphs, tables=tables)


def _facts_of(machine: Mapping) -> Iterator[tuple[str, str]]:
    yield "host", str(machine.get("host") or "")
    yield "CPU", str(machine.get("cpu") or "")
    yield "CPU flags that matter", ", ".join(machine.get("cpu_flags") or ())
    yield "cores that may be used", str(machine.get("cores") or "")
    yield "memory that may be used", f"{(machine.get('memory_bytes') or 0) / 1e9:,.1f} GB"
    yield "system", str(machine.get("system") or "")
    versions = {
        "doc-assets": machine.get("program"),
        "Python": machine.get("python"),
        **(machine.get("versions") or {}),
    }
    yield "versions", ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    yield "backend", str(machine.get("backend") or "")
    yield "threads of a load", str(machine.get("threads") or "")
    yield "parse workers of a load", str(machine.get("parse_workers") or "")
    yield (
        "settings that are not the defaults",
        ", ".join(f"{n}={v}" for n, v in (machine.get("settings") or {}).items()),
    )
