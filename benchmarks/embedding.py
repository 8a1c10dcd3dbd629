"""Tokens per second of each local backend on the same texts, and how far its vectors are from torch in fp32.

Run it alone on the machine: ``python -m benchmarks.embedding [--texts 300] [--threads N] [--repeat 2]``. The first run
converts the model for OpenVINO, which is not timed.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import random
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import open_embedder, open_tokenizer
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import choose_backend, cpu_has_bf16
from doc_assets.settings import Settings

# Words of the trade, most of them several tokens long as in real documentation.
_WORDS = """
    pod node kubectl ebpf verifier map_lookup_elem the of a is when then returns address pool cluster `Result<T, E>`
    spin_lock namespace value key = { } ( ) ; configuration install notebook cell dataframe liquidity swap tick async
""".split()  # noqa: SIM905 - sixty quotes would hide the words


def generated(texts: int, seed: int = 1) -> list[str]:
    """Texts with the lengths of chunks: 20 to about 220 tokens, most of them long."""
    rng = random.Random(seed)  # noqa: S311 - a benchmark's texts, not a secret
    return [" ".join(rng.choices(_WORDS, k=int(rng.triangular(10, 125, 110)))) for _ in range(texts)]


def backends(settings: Settings) -> dict[str, Settings]:
    """The local backends and precisions that this machine has, torch in fp32 first, as the reference."""
    found = {"torch fp32": dataclasses.replace(settings, embedding_backend="torch", embedding_precision="fp32")}
    if importlib.util.find_spec("openvino"):
        for precision in ("fp32", "bf16") if cpu_has_bf16() else ("fp32",):
            found[f"openvino {precision}"] = dataclasses.replace(
                settings, embedding_backend="openvino", embedding_precision=precision
            )
    return found


def seconds(embedder: Embedder, texts: list[str], repeat: int) -> tuple[float, float, np.ndarray]:
    """Best wall-clock and processor seconds of ``repeat`` passes after one short one, and the vectors."""
    vectors = embedder.embed(texts[:8], Role.DOCUMENT)
    wall, processor = [], []
    for _ in range(repeat):
        started, started_processor = time.perf_counter(), time.process_time()
        vectors = embedder.embed(texts, Role.DOCUMENT)
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - started_processor)
    return min(wall), min(processor), vectors


def main() -> None:
    """Prints one row per backend."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--texts", type=int, default=300)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--repeat", type=int, default=2)
    arguments = parser.parse_args()
    settings = Settings.from_environment()
    settings = dataclasses.replace(settings, threads=arguments.threads or settings.threads)
    texts = generated(arguments.texts)
    tokens = sum(open_tokenizer(settings).count(texts))
    table = Table(
        title=f"{len(texts)} texts, {tokens:,} tokens, {settings.threads} threads; auto is {choose_backend(settings)}"
    )
    for column in ("backend", "opens in s", "tokens/s", "tokens per CPU second", "least cosine to torch fp32"):
        table.add_column(column, justify="left" if column == "backend" else "right")
    reference: np.ndarray | None = None
    for name, configured in backends(settings).items():
        started = time.perf_counter()
        embedder = open_embedder(configured)
        opened = time.perf_counter() - started
        wall, processor, vectors = seconds(embedder, texts, arguments.repeat)
        reference = vectors if reference is None else reference
        cosine = float((vectors * reference).sum(axis=1).min())
        table.add_row(name, f"{opened:.1f}", f"{tokens / wall:,.0f}", f"{tokens / processor:,.0f}", f"{cosine:.6f}")
    Console().print(table)


if __name__ == "__main__":
    main()
