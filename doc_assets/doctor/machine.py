"""Cores, what the CPU computes fast, memory, shared memory, locale."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Iterator

from doc_assets.doctor.diagnosis import Diagnosis, ok, warning
from doc_assets.doctor.examination import Surroundings, examination
from doc_assets.machine import usable_cores, usable_memory

# What PostgreSQL allocates of it at once for a parallel build of a vector index (store.database.embedded).
_SHARED_BYTES = 512_000_000


@examination("cores")
def cores(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say how many cores the process may use, and whether it uses no more."""
    usable, threads = usable_cores(surroundings.root), surroundings.settings.threads
    sentence = f"{usable} usable of {os.cpu_count()}, {threads} threads"
    if threads > usable:
        yield warning("cores", f"{sentence}: they take turns", f"set DOC_ASSETS_THREADS to {usable}, or unset it")
    else:
        yield ok("cores", sentence)


@examination("cpu")
def arithmetic(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say what the CPU multiplies in hardware; that decides the precision."""
    from doc_assets.embedding.space import choose_backend, computes_on_gpu, cpu_has_bf16, cpu_has_int8

    if choose_backend(surroundings.settings) == "http":
        return
    if computes_on_gpu(surroundings.settings):
        yield ok("cpu", "a GPU computes the vectors")
        return
    has = [name for name, there in (("int8 (VNNI, AMX)", cpu_has_int8()), ("bf16", cpu_has_bf16())) if there]
    yield ok("cpu", f"multiplies {' and '.join(has)}" if has else "multiplies fp32 alone: neither int8 nor bf16")


@examination("memory")
def memory(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say what memory the process may use, and how many loads at a time fit into it."""
    from doc_assets.dagster.batch_load import fitting_workers, memory_of

    usable = usable_memory(surroundings.root)
    needed, loads = memory_of(1), fitting_workers(surroundings.settings, usable)
    sentence = f"{usable / 1e9:,.1f} GB usable, by cgroup and machine: {loads} loads at a time"
    if usable < needed:
        least = f"at least {needed / 1e9:,.1f} GB"
        yield warning("memory", f"{sentence}, and one takes {least}", f"give it {least} (limits.memory, docker -m)")
    else:
        yield ok("memory", sentence)


@examination("shared memory")
def shared_memory(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say whether the embedded PostgreSQL can build a vector index with several workers."""
    if surroundings.settings.database_url is not None:
        return  # that of another machine or container, which no client sees
    folder = surroundings.root / "dev/shm"
    if not folder.is_dir():
        yield warning("shared memory", "there is no /dev/shm: indexes are built by one worker", "mount a tmpfs there")
        return
    state = os.statvfs(folder)
    free = state.f_bavail * state.f_frsize
    sentence = f"{free / 1e9:,.1f} GB free in /dev/shm"
    if free < _SHARED_BYTES:
        yield warning(
            "shared memory",
            f"{sentence}: indexes are built by one worker",
            "docker run --shm-size=1g; in Kubernetes an emptyDir with medium: Memory",
        )
    else:
        yield ok("shared memory", sentence)


@examination("locale")
def encoding(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say whether names of files and what is printed may hold any letter."""
    found = {
        "files": sys.getfilesystemencoding(),
        "terminal": sys.stdout.encoding or "",
        "text": locale.getpreferredencoding(False),
    }
    wrong = [f"{what} {name}" for what, name in found.items() if name.lower().replace("-", "") != "utf8"]
    if wrong:
        yield warning("locale", f"not UTF-8: {', '.join(wrong)}", "export LC_ALL=C.UTF-8")
    else:
        yield ok("locale", "UTF-8")
