"""Where graphs that were converted for OpenVINO are kept; asking for them imports no OpenVINO.

They are made and read in ``backends.openvino``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from doc_assets.embedding.space import EmbeddingSpace

# Raised when the converted graph changes; an older file stays, and a new one is converted beside it.
_GRAPH = "openvino-1"


def scratch_prefix(pid: int) -> str:
    """Return how the names of folders begin in which a process writes a graph before it is whole."""
    return f".converting-{pid}-"


def graph_paths(space: EmbeddingSpace, converted: Sequence[Path]) -> list[Path]:
    """Return where the converted graph of the space's model may be, in the order in which it is looked for."""
    return [place / space.in_fp32.fingerprint / f"{_GRAPH}.xml" for place in converted]
