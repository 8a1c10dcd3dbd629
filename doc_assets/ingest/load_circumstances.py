"""What a load ran on and with: the machine, the programs, the settings that are not the defaults.

The history keeps it, since a report of the load may be made years later and elsewhere.
"""

from __future__ import annotations

import functools
import platform
from importlib import metadata
from pathlib import Path

from doc_assets.embedding.space import choose_backend
from doc_assets.ingest.parse_pool import parse_workers
from doc_assets.machine import usable_cores, usable_memory
from doc_assets.secrets import mask
from doc_assets.settings import Settings
from doc_assets.settings.declaration import settings_of

# What decides the pace: vectors of 256 or 512 bits, products of int8, bf16.
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "avx512_bf16", "amx_bf16", "asimd", "bf16", "i8mm")
_PROGRAMS = ("openvino", "torch", "sentence-transformers", "dagster", "psycopg")


def circumstances(settings: Settings) -> dict[str, object]:
    """Return the machine, the programs' versions and the settings of loads in this process, as JSON."""
    given = {
        declared.variable: mask(str(getattr(settings, name)))
        for name, declared in settings_of(Settings)
        if not declared.is_secret and declared.found is None and getattr(settings, name) != declared.default
    }
    return {
        **_machine(),
        "backend": choose_backend(settings),
        "threads": settings.threads,
        "parse_workers": parse_workers(settings),
        "settings": given,
    }


@functools.cache
def _machine() -> dict[str, object]:
    information = Path("/proc/cpuinfo")
    lines = information.read_text(errors="replace").splitlines() if information.is_file() else []
    known = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = set((known.get("flags") or known.get("Features") or "").split())
    return {
        "cpu": known.get("model name") or platform.machine(),
        "cpu_flags": [flag for flag in _FLAGS if flag in flags],
        "cores": usable_cores(),
        "memory_bytes": usable_memory(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "versions": {name: version for name in _PROGRAMS if (version := _version(name))},
    }


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
