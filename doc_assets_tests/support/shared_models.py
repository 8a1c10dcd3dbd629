"""A made-up model for the embedding process, which imports this module: what a text says decides what happens."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence

import numpy as np

from doc_assets.embedding.converted_graphs import graph_paths
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import describe_space, model_folders
from doc_assets.errors import EmbeddingRefused
from doc_assets.settings import Settings

DIMENSIONS = 4


class ObedientModel:
    """Gives vectors that hold the length of a text; refuses, fails, waits, speaks or dies if a text asks for it."""

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        for text in texts:
            match text.partition(" "):
                case "refuse", _, reason:
                    raise EmbeddingRefused(reason)
                case "fail", _, reason:
                    raise ValueError(reason)
                case "wait", _, seconds:
                    time.sleep(float(seconds))
                case "say", _, words:
                    print(words, file=sys.stderr, flush=True)
                case "die", _, _:
                    os.kill(os.getpid(), signal.SIGKILL)
        return np.array([[len(text)] * DIMENSIONS for text in texts], np.float32).reshape(-1, DIMENSIONS)


def open_obedient_model(_: Settings) -> ObedientModel:
    return ObedientModel()


def open_converting_model(settings: Settings) -> ObedientModel:
    """Note who opens the model, and leave a converted graph as OpenVINO's backend does."""
    with (settings.home / "opened-by").open("a") as file:
        file.write(f"{os.getpid()}\n")
    (graph,) = graph_paths(describe_space(settings), model_folders(settings))
    graph.parent.mkdir(parents=True, exist_ok=True)
    graph.touch()
    return ObedientModel()
