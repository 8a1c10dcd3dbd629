"""What ``benchmarks/ladder.py`` writes: the machine, the rows of figures, and a section of ``RESULTS.md``.

A section stands between two comments and is replaced by the next run over the same documents; everything around it
stays. Pure, but for ``machine``.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

# What decides which precision is fast.
_FLAGS = (
    "avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_tile", "amx_int8", "amx_bf16", "asimd", "i8mm",
    "bf16",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A figure with its value on each side, in the sides' order; None where it was not measured."""

    name: str
    values: Sequence[float | None]
    form: str = "{:,.1f}"

    def cells(self) -> list[str]:
        """Return name, values, and for two sides the first by the second."""
        shown = ["" if value is None else self.form.format(value) for value in self.values]
        if len(self.values) < 2:
            return [self.name, *shown]
        first, second = self.values[:2]
        ratio = f"{first / second:.2f}" if first is not None and second else ""
        return [self.name, *shown, ratio]


@dataclass
class Section:
    """One run.

    Attributes:
        name: The documents, as in ``examples: everything``.
        sides: Names of the checkouts.
        facts: What was measured where: name and text.
        rows: Figures.
        plots: File and title of each plot.
    """

    name: str
    sides: Sequence[str]
    facts: Mapping[str, str]
    rows: Sequence[Row] = field(default_factory=list)
    plots: Mapping[str, str] = field(default_factory=dict)

    def markdown(self) -> str:
        """Return the section."""
        header = ["", *self.sides, *(["first ÷ second"] if len(self.sides) > 1 else [])]
        table = [header, *(row.cells() for row in self.rows)]
        lines = ["| " + " | ".join(cells) + " |" for cells in table]
        lines.insert(1, "|---|" + "--:|" * (len(header) - 1))
        return "\n".join(
            [
                f"## {self.name}",
                "",
                *(f"- {name}: {text}" for name, text in self.facts.items()),
                "",
                *lines,
                *(f"\n![{title}]({file})" for file, title in self.plots.items()),
            ]
        )


def replaced(report: str, section: Section) -> str:
    """Return the report with the section of that name in place of the one before it, or at the end."""
    start, end = f"<!-- make bench: {section.name} -->", f"<!-- end of {section.name} -->"
    made = f"{start}\n{section.markdown()}\n{end}"
    found = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    if found.search(report):
        return found.sub(lambda _: made, report)
    return f"{report.rstrip()}\n\n{made}\n"


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """Return how much the values grow in a second during the second half of the time, by least squares."""
    late = [(at, value) for at, value in samples if at >= samples[-1][0] / 2] if samples else []
    if len(late) < 2:
        return 0.0
    mean_at, mean = (sum(column) / len(late) for column in zip(*late, strict=True))
    spread = sum((at - mean_at) ** 2 for at, _ in late)
    return sum((at - mean_at) * (value - mean) for at, value in late) / spread if spread else 0.0


def until_freed(samples: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Return the samples up to the last one above half of the highest: what comes after the work is no growth."""
    half = max((value for _, value in samples), default=0) / 2
    last = max((n for n, (_, value) in enumerate(samples) if value > half), default=-1)
    return samples[: last + 1]


def rate(samples: Sequence[tuple[float, float]], steps: int = 100) -> list[tuple[float, float]]:
    """Return what a growing value grew by in a second, in each of so many parts of the time."""
    if not samples or samples[-1][0] <= 0:
        return []
    width, found = samples[-1][0] / steps, []
    before = samples[0]
    for at, value in samples:
        if at - before[0] >= width:
            found.append(((at + before[0]) / 2, (value - before[1]) / (at - before[0])))
            before = (at, value)
    return found


def machine() -> dict[str, str]:
    """Return the processor with its flags, cores, memory, and how busy it was."""
    information = Path("/proc/cpuinfo")
    text = information.read_text() if information.is_file() else ""
    model = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    flags = set((re.search(r"^(?:flags|Features)\s*: (.*)$", text, re.MULTILINE) or [""])[0].split())
    capped = os.environ.get("ONEDNN_MAX_CPU_ISA")
    return {
        "CPU": f"{model[1] if model else platform.machine()}, {len(os.sched_getaffinity(0))} cores; "
        + (", ".join(flag for flag in _FLAGS if flag in flags) or "no flags that matter")
        + (f"; ONEDNN_MAX_CPU_ISA={capped}" if capped else ""),
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "load of the machine before it began": f"{os.getloadavg()[0]:.1f} processes that want a core",
    }
