"""A target fuzzed for so many minutes: processes started again when they die, findings made small and kept as seeds."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.observing import Finding
from fuzz.targets import SEEDS, Target

_STATISTICS = re.compile(r"^#(\d+)\s.*?\bcov: (\d+) ft: (\d+)")
_MINIMISE_SECONDS = 40
# What libFuzzer leaves behind when the process dies, and what each means.
_DEATHS = {"crash-": "died", "timeout-": "hang", "oom-": "out of memory"}


@dataclass
class Report:
    """What a campaign came to.

    Attributes:
        target: Its name.
        executions: Inputs run.
        seconds: Wall time.
        coverage: Branches and the like that were reached; libFuzzer's ``cov``.
        features: The same with how often; libFuzzer's ``ft``.
        findings: Confirmed ones, each with the seed that shows it.
        unconfirmed: Seen while fuzzing only, most often slow just because the code was watched.
    """

    target: str
    executions: int = 0
    seconds: float = 0.0
    coverage: int = 0
    features: int = 0
    findings: list[tuple[Finding, Path]] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)


def run(target: Target, seconds: float, *, keep_corpus: Path | None = None, seed: int = 0) -> Report:
    """Fuzzes the target and stores what it finds below ``fuzz/seeds``.

    Args:
        target: What.
        seconds: How long; making findings small comes on top.
        keep_corpus: Folder whose inputs are started from as well, and which gets those that reached something new.
        seed: Of libFuzzer's randomness; 0 is a new one each time.
    """
    report = Report(target.name)
    with tempfile.TemporaryDirectory(prefix=f"doc-assets-fuzz-{target.name}-") as name:
        folder = Path(name)
        corpus = folder / "corpus"
        corpus.mkdir()
        _fill(corpus, target, keep_corpus)
        started = time.monotonic()
        while (left := int(seconds - (time.monotonic() - started))) > 0:
            if _session(target, folder, left, seed, report) == 0:
                break
            _move_deaths(folder)
        report.seconds = time.monotonic() - started
        if keep_corpus:
            shutil.copytree(corpus, keep_corpus / target.name, dirs_exist_ok=True)
        for file in sorted(path for path in (folder / "found").glob("*") if path.suffix != ".json"):
            _settle(target, file, report)
    return report


def _fill(corpus: Path, target: Target, keep_corpus: Path | None) -> None:
    for path in target.seeds():
        data = path.read_bytes()
        (corpus / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    if keep_corpus and (keep_corpus / target.name).is_dir():
        shutil.copytree(keep_corpus / target.name, corpus, dirs_exist_ok=True)


def _session(target: Target, folder: Path, seconds: int, seed: int, report: Report) -> int:
    """One atheris process to its end; its exit code."""
    command = [sys.executable, "-m", "fuzz.session", target.name, str(folder), str(seconds), str(seed)]
    executions, last = 0, ""
    with subprocess.Popen(  # noqa: S603 - our own module
        command, cwd=Path(__file__).parents[1], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        errors="replace",
    ) as process:  # fmt: skip
        assert process.stderr is not None  # noqa: S101 - a pipe was asked for
        for line in process.stderr:
            if match := _STATISTICS.match(line):
                executions, coverage, features = map(int, match.groups())
                report.coverage = max(report.coverage, coverage)
                report.features = max(report.features, features)
            last = line.strip() or last
    report.executions += executions
    if process.returncode and not executions and not any(folder.glob("*-*")):
        raise RuntimeError(f"the fuzzer of {target.name} does not start (exit code {process.returncode}): {last}")
    return process.returncode


def _move_deaths(folder: Path) -> None:
    (folder / "found").mkdir(exist_ok=True)
    for path in folder.glob("*-*"):
        kind = next((kind for prefix, kind in _DEATHS.items() if path.name.startswith(prefix)), None)
        if kind is not None:
            target = path.rename(folder / "found" / path.name)
            told = {"kind": kind, "where": "a process of its own", "message": "the process ended with this input"}
            Path(f"{target}.json").write_text(json.dumps(told))


def _settle(target: Target, file: Path, report: Report) -> None:
    """Confirms a finding, makes it small, stores it with the sentence what it was."""
    told = json.loads(Path(f"{file}.json").read_text())
    command = [sys.executable, "-m", "fuzz.minimising", target.name, str(file), str(_MINIMISE_SECONDS)]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=10 * _MINIMISE_SECONDS
        )
        answer = json.loads(done.stdout) if done.returncode == 0 else {**told, "message": f"dies: {done.returncode}"}
    except subprocess.TimeoutExpired:
        answer = {**told, "kind": "hang"}
    if answer is None:
        report.unconfirmed.append(str(Finding(**told)))
        return
    finding = Finding(**answer)
    data = file.read_bytes()
    folder = SEEDS / target.name
    folder.mkdir(parents=True, exist_ok=True)
    kind = re.sub(r"[^a-z]+", "-", finding.kind.lower()).strip("-")
    seed = folder / f"found-{kind}-{hashlib.sha256(data).hexdigest()[:8]}{target.suffix}"
    seed.write_bytes(data)
    with (SEEDS / "FOUND.md").open("a", encoding="utf-8") as index:
        index.write(f"- `{target.name}/{seed.name}`: {str(finding).replace('`', '')}\n")
    report.findings.append((finding, seed))
