"""An embedding process of a test, the loads that use it, and its id. Its model is in ``shared_models``."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from doc_assets.embedding.embedding_process import EmbeddingProcess
from doc_assets.embedding.shared_embedder import SharedEmbedder
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.settings import Settings

SETTINGS = Settings(Path("home"), Path("sources.yaml"))


def load_of(process: EmbeddingProcess) -> SharedEmbedder:
    """Return an embedder of one load, whose texts the process embeds."""
    return SharedEmbedder(cast("EmbeddingSpace", None), process.address, pytest.fail)


def pid_of(process: EmbeddingProcess) -> int:
    assert process._process is not None and process._process.pid is not None
    return process._process.pid
