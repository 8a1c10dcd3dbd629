"""What bounded a load: the stage that the others waited for, and which setting or hardware would help."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# Below it no stage is what the others wait for.
_BUSY = 0.5
_COUNTED_AS = {"seal": "write", "audit": "write"}
STAGES = ("parse", "embed", "write")
_INT8 = {"avx512_vnni", "avx_vnni", "amx_int8"}


@dataclass(frozen=True, slots=True)
class Machine:
    """What is known of the machine of a load; empty where the history does not say.

    Attributes:
        threads: Threads of all loads that ran side by side.
        precision: Of the vectors: ``fp32``, ``bf16``, ``fp16``, ``int8``.
    """

    cores: int | None = None
    threads: int | None = None
    cpu_flags: frozenset[str] = frozenset()
    backend: str | None = None
    precision: str | None = None


def machine_of(recorded: Mapping, at_once: int, precision: str | None) -> Machine:
    """Return what ``doc_assets.ingest.load_circumstances`` recorded of a load, of which so many ran side by side."""
    cores, threads = recorded.get("cores"), recorded.get("threads")
    return Machine(
        cores=cores,
        threads=None if threads is None else threads * at_once,
        cpu_flags=frozenset(recorded.get("cpu_flags") or ()),
        backend=recorded.get("backend"),
        precision=precision,
    )


def busy_shares(stages: Iterable[Mapping[str, float]], lanes: Mapping[str, int], seconds: float) -> dict[str, float]:
    """Return the share of the loads' time, 0 to 1, in which each stage was busy; sealing and auditing are writing.

    Empty if no stage did anything, as in a load that failed at its start.

    Args:
        stages: Seconds by stage, of each load.
        lanes: How many processes do the work of a stage side by side.
        seconds: Wall time of the loads.
    """
    if seconds <= 0:
        return {}
    worked = dict.fromkeys(STAGES, 0.0)
    for load in stages:
        for stage, spent in load.items():
            if (counted := _COUNTED_AS.get(stage, stage)) in worked:
                worked[counted] += spent
    if not any(worked.values()):  # nothing was waited for, and nothing would help
        return {}
    return {stage: min(1.0, worked[stage] / (max(1, lanes.get(stage, 1)) * seconds)) for stage in STAGES}


def bottleneck(busy: Mapping[str, float]) -> str | None:
    """Return the stage that the others wait for; None if none was busy for half of the time."""
    slowest = max(busy, key=lambda stage: busy[stage], default=None)
    return slowest if slowest is not None and busy[slowest] >= _BUSY else None


def advice(stage: str | None, machine: Machine, loads: int) -> list[str]:
    """Return what would make the next of so many loads faster, the cheapest first."""
    more_threads = (
        [f"raise DOC_ASSETS_THREADS: {machine.threads} of {machine.cores} cores are used"]
        if machine.threads is not None and machine.cores is not None and machine.threads < machine.cores
        else []
    )
    match stage:
        case "embed" if machine.backend == "http":
            return ["let the endpoint answer more at a time: raise DOC_ASSETS_EMBEDDING_REQUESTS, or give it more GPUs"]
        case "embed":
            found = list(more_threads)
            if machine.precision == "fp32" and machine.cpu_flags & _INT8:
                found.append(
                    "this CPU computes int8 in hardware: migrate --space MODEL@int8, or leave the precision to auto"
                )
            elif machine.cpu_flags and not machine.cpu_flags & _INT8:
                found.append("a CPU that computes int8 or bf16 in hardware (VNNI, AMX)")
            found.append("more cores; or a GPU, here or behind an endpoint (DOC_ASSETS_EMBEDDING_BACKEND=http)")
            return found
        case "parse":
            return [*more_threads, "more loads at a time (migrate --parallel), on more cores"]
        case "write":
            return ["a faster disk or network for PostgreSQL; more loads at a time (migrate --parallel)"]
        case _ if loads < 2:
            return ["nothing: a single load that is mostly its start and its end"]
        case _:
            return ["more loads at a time (migrate --parallel): the loads waited for most of their time"]


def in_words(busy: Mapping[str, float], named: Mapping[str, str] | None = None) -> str:
    """Return the shares in one sentence, the stage that bounded the load first."""
    order: Sequence[str] = sorted(busy, key=lambda stage: -busy[stage])
    return ", ".join(f"{(named or {}).get(stage, stage)} {busy[stage]:.0%}" for stage in order)
