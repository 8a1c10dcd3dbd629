"""Tokens per second of each local backend on the same texts, and how far its vectors are from torch in fp32.

Run it alone on the machine: ``python -m benchmarks.embedding [--device cpu] [--texts 300] [--threads N]``. The first
run converts the model for OpenVINO, which is not timed. ``--device cuda`` measures the precisions of a GPU on 20,000
texts, in calls as a load makes them, and takes less than five minutes: each row ends after ``--seconds`` (30).
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import EMBED_SLICE, open_embedder
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import choose_backend, cpu_has_bf16, describe_space, scales_of
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


def backends(settings: Settings, device: str) -> dict[str, Settings]:
    """The local backends and precisions that this machine has, torch in fp32 first, as the reference."""

    def configured(backend: str, precision: str) -> Settings:
        return dataclasses.replace(settings, embedding_backend=backend, embedding_precision=precision)

    found = {"torch fp32": configured("torch", "fp32")}
    if device == "cuda":
        return found | {f"torch {precision}": configured("torch", precision) for precision in ("bf16", "fp16")}
    if importlib.util.find_spec("openvino"):
        for precision in ("fp32", "bf16", "int8") if cpu_has_bf16() else ("fp32", "int8"):
            found[f"openvino {precision}"] = configured("openvino", precision)
        if scales_of(settings, describe_space(found["openvino fp32"]).weights_sha256) is None:
            del found["openvino int8"]
    return found


@dataclass(frozen=True)
class Measured:
    """What one backend did.

    Attributes:
        tokens: Tokens that it embedded.
        wall: Seconds that it took.
        processor: Seconds of processor time of this process.
        busy: Share of the time in which the device computed; None if the backend does not say.
    """

    tokens: int
    wall: float
    processor: float
    busy: float | None


def measure(embedder: Embedder, texts: list[str], calls: int, limit: float) -> Measured:
    """Embed the texts in slices, ``calls`` at a time, until all are embedded or ``limit`` seconds are over."""
    slices = iter([texts[start : start + EMBED_SLICE] for start in range(0, len(texts), EMBED_SLICE)])
    tokenizer, taking = embedder.tokenizers.of(Role.DOCUMENT), threading.Lock()
    started, processor = time.perf_counter(), time.process_time()
    device = getattr(embedder, "device", None)
    busy = device.busy_seconds if device else 0.0
    done: list[list[str]] = []

    def work(_: int) -> None:
        while time.perf_counter() - started < limit:
            with taking:
                piece = next(slices, None)
            if piece is None:
                return
            embedder.embed(piece, Role.DOCUMENT)
            done.append(piece)

    with ThreadPoolExecutor(calls) as threads:
        list(threads.map(work, range(calls)))
    wall, processor = time.perf_counter() - started, time.process_time() - processor
    tokens = sum(sum(tokenizer.count(piece)) for piece in done)
    return Measured(tokens, wall, processor, (device.busy_seconds - busy) / wall if device else None)


def main() -> None:
    """Print one row per backend."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--texts", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    if arguments.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    settings = Settings.from_environment()
    settings = dataclasses.replace(settings, threads=arguments.threads or settings.threads)
    texts = generated(arguments.texts or (20_000 if arguments.device == "cuda" else 300))
    calls = 4 if arguments.device == "cuda" else 2
    table = Table(
        title=f"{len(texts):,} texts or {arguments.seconds:.0f} s on {arguments.device}, {settings.threads} threads, "
        f"{calls} calls at a time; auto is {choose_backend(settings)}"
    )
    for column in ("backend", "opens in s", "tokens/s", "tokens per CPU second", "device busy", "least cosine to fp32"):
        table.add_column(column, justify="left" if column == "backend" else "right")
    reference: np.ndarray | None = None
    for name, configured in backends(settings, arguments.device).items():
        started = time.perf_counter()
        embedder = open_embedder(configured)
        opened = time.perf_counter() - started
        if (device := getattr(embedder, "device", None)) and device.where.type != arguments.device:
            raise SystemExit(f"torch computes on {device.where} here, not on {arguments.device}")
        vectors = embedder.embed(texts[:128], Role.DOCUMENT)  # the first batches take longer
        reference = vectors if reference is None else reference
        found = measure(embedder, texts, calls, arguments.seconds)
        table.add_row(
            name,
            f"{opened:.1f}",
            f"{found.tokens / found.wall:,.0f}",
            f"{found.tokens / found.processor:,.0f}",
            "" if found.busy is None else f"{found.busy:.0%}",
            f"{float((vectors * reference).sum(axis=1).min()):.6f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
