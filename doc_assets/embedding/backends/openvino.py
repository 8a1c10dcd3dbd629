"""The model on a CPU through OpenVINO, pooling and normalisation inside the graph.

The graph is converted once from the torch model and kept under the home folder by fingerprint, unless an image holds
it already; later starts import neither torch nor transformers, and open what was compiled before: in int8 0.4 s of CPU
and 190 MB in all, where compiling anew takes 0.9 s and 290 MB, and converting took 20 s and 680 MB (2 busy cores).
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import openvino

from doc_assets.embedding.backends.graph_inputs import graph_inputs
from doc_assets.embedding.backends.openvino_compiled import WITHOUT_WEIGHTS, compiled_file
from doc_assets.embedding.backends.openvino_quantisation import quantise
from doc_assets.embedding.batching import plan_few_shapes
from doc_assets.embedding.converted_graphs import graph_paths, scratch_prefix
from doc_assets.embedding.embedder import leading, refuse_long, unit_rows
from doc_assets.embedding.int8_scales import Int8Scales
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace, cpu_has_bf16, cpu_has_int8
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.errors import EmbeddingError, EmbeddingMisconfigured

_log = logging.getLogger(__name__)

# Padded tokens per inference. One full chunk at a time keeps the activations in a core's cache and pads nothing. Tokens
# per second of CPU time on 2 AVX2 cores in fp32, mean of 3 rounds: 256 -> 5,560, 512 -> 5,380, 1,024 -> 5,120,
# 2,048 -> 4,940, 4,096 -> 4,700, 16,384 -> 4,160. bf16 and int8 compute faster than they read weights, so more rows
# share a reading: int8 on 2 cores with VNNI (Zen 4), 3,072 chunks, mean of 4: 512 -> 11,550, 1,024 -> 11,660,
# 1,536 -> 11,350, 2,048 -> 10,350, while others computed beside it.
_BUDGET = {"fp32": 256, "bf16": 1024, "int8": 1024}
# Most widths of batches. OpenVINO compiles kernels for each shape and keeps them, in each stream. One stream in fp32,
# 128 chunks: lengths as they are make 81 shapes, 54 MB and 15.9 s of CPU; rounded up to multiples of 8, 24 shapes,
# 27 MB and 15.9 s (2.2 % padding); of 16, 13 shapes, 25 MB and 16.0 s (4.3 %). The whole process then stays at 318 MB
# with two streams. A bounded cache (CPU_RUNTIME_CACHE_CAPACITY) costs 4 %, since batches come sorted by length.
_WIDTHS = 32
# Queries up to so many tokens are not padded: 90 questions have 16 tokens on average, 19 in multiples of 8, and take
# 14.1 ms of CPU each in place of 15.8 (on 2 busy cores).
_UNPADDED = 32


class OpenVinoEmbedder:
    """Runs one stream per thread: on 2 cores 15 % faster than one stream over both.

    The batches of all calls wait in one line for the streams, so that none idles at the end of a call while another
    one waits; a query waits for a stream, but not for the batches in line.
    """

    def __init__(
        self,
        space: EmbeddingSpace,
        tokenizers: Tokenizers,
        folder: Path,
        converted: Sequence[Path],
        threads: int,
        scales: Int8Scales | None = None,
        *,
        compiled: Path | None = None,
    ) -> None:
        """Load the converted graph on ``threads`` CPU threads, converting it first if no folder has it.

        ``converted`` are folders of graphs, each in ``<fingerprint of the space in fp32>/``, searched in order; the
        last keeps a new one. Every precision is made of that graph: bf16 by compiling it, int8 by ``scales``.
        ``compiled`` is a folder that keeps compiled models, from which they open in a third of the time.

        Raises:
            EmbeddingError: The model cannot be converted, quantised or compiled.
        """
        self.space = space
        self.tokenizers = tokenizers
        in_fp32 = space.precision == "int8" and not cpu_has_int8()
        self._budget = _BUDGET["fp32" if in_fp32 else space.precision]
        # Multiples of 8 for a window of 256, of 256 for one of 8,192.
        self._multiple = 8 * -(-space.max_tokens // (8 * _WIDTHS))
        if in_fp32:
            _log.info("this CPU has no VNNI and no AMX: %s in int8 is no faster here than in fp32", space.name)
        options = {
            "PERFORMANCE_HINT": "THROUGHPUT",
            "NUM_STREAMS": threads,
            "INFERENCE_NUM_THREADS": threads,
            # Pinned threads of two processes all start at core 0: two loads side by side then share it, half the speed.
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_PRECISION_HINT": _hint(space),
        }
        self._compiled = _opened(space, tokenizers, folder, converted, scales, compiled, options)
        self._streams = ThreadPoolExecutor(threads, "openvino")
        self._idle: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(threads):
            self._idle.put(self._compiled.create_infer_request())

    def embed(self, texts: Sequence[str], role: Role) -> np.ndarray:
        """See ``Embedder.embed``."""
        tokenizer = self.tokenizers.of(role)
        ids = tokenizer.encode(texts)
        unpooled = 0 if self.space.include_prompt else tokenizer.prompt_tokens
        refuse_long(texts, [len(sequence) for sequence in ids], self.space.max_tokens)
        if len(texts) == 1 and role is Role.QUERY:
            multiple = 1 if len(ids[0]) <= _UNPADDED else self._multiple
            width = min(-(-len(ids[0]) // multiple) * multiple, self.space.max_tokens)
            return unit_rows(self._computed(ids, unpooled, width), 1, self.space.dimensions)
        vectors = np.zeros((len(texts), self.space.dimensions), np.float32)

        def compute(batch: tuple[list[int], int]) -> None:
            rows, width = batch
            vectors[rows] = self._computed([ids[row] for row in rows], unpooled, width)

        lengths = [len(sequence) for sequence in ids]
        batches = plan_few_shapes(lengths, self._budget, self._multiple, self.space.max_tokens)
        for _ in self._streams.map(compute, batches):  # an error takes the other batches of this call out of the line
            pass
        return unit_rows(vectors, len(texts), self.space.dimensions)

    def _computed(self, ids: Sequence[Sequence[int]], unpooled: int, width: int) -> np.ndarray:
        """Return the vectors of a batch, ``(rows, dims) float32``, computed on one stream."""
        request = self._idle.get()
        try:
            request.infer(graph_inputs(self.space, ids, unpooled, width))
            return leading(request.get_output_tensor(0).data.copy(), self.space.dimensions)
        except RuntimeError as error:
            raise EmbeddingError(f"OpenVINO failed on {len(ids)} texts of up to {width} tokens: {error}") from error
        finally:
            self._idle.put(request)


def observed_scales(
    space: EmbeddingSpace,
    tokenizers: Tokenizers,
    folder: Path,
    converted: Sequence[Path],
    threads: int,
    texts: Sequence[str],
) -> Int8Scales:
    """Return the int8 scales that fit the texts, of which those longer than the window are left out.

    Raises:
        EmbeddingError: The model cannot be converted.
    """
    from doc_assets.embedding.backends.openvino_calibration import calibrate

    ids = tokenizers.of(Role.DOCUMENT).encode(texts)
    fitting = [sequence for sequence in ids if len(sequence) <= space.max_tokens]
    return calibrate(_fp32_graph(openvino.Core(), space, tokenizers, folder, converted), space, fitting, threads)


def _hint(space: EmbeddingSpace) -> str:
    """Return OpenVINO's name of the precision; of int8, that of what stays in floating point."""
    if space.precision == "int8":
        return "bf16" if cpu_has_bf16() else "f32"
    return {"fp32": "f32", "bf16": "bf16"}[space.precision]


def _opened(
    space: EmbeddingSpace,
    tokenizers: Tokenizers,
    folder: Path,
    converted: Sequence[Path],
    scales: Int8Scales | None,
    compiled: Path | None,
    options: dict[str, Any],
) -> openvino.CompiledModel:
    """Return the model as it was compiled before, else made of the graph of the first folder that has a sound one."""
    core, integers = openvino.Core(), cpu_has_int8()

    def compile_graph(graph: openvino.Model) -> openvino.CompiledModel:
        if scales is not None:
            quantise(graph, scales, integers=integers)
        try:
            return core.compile_model(graph, "CPU", {**options, **WITHOUT_WEIGHTS})
        except RuntimeError as error:
            raise EmbeddingError(f"OpenVINO cannot compile {space.name}: {error}") from error

    def of_file(path: Path) -> openvino.CompiledModel | None:
        hint = options["INFERENCE_PRECISION_HINT"]
        # Before the graph is read: were it replaced meanwhile, what is written would not be taken for the new one's.
        kept = compiled_file(compiled, space, path, core, hint, integers=integers) if compiled else None
        if kept is not None and (model := kept.open(core, options)) is not None:
            return model
        if (graph := _read_graph(core, space, path)) is None:
            return None
        model = compile_graph(graph)
        if kept is not None:
            kept.write(model)
        return model

    paths = graph_paths(space, converted)
    for path in filter(Path.is_file, paths):
        if (model := of_file(path)) is not None:
            return model
    graph, is_kept = _convert(space, tokenizers, folder, paths[-1])
    return (of_file(paths[-1]) if is_kept else None) or compile_graph(graph)


def _fp32_graph(
    core: openvino.Core, space: EmbeddingSpace, tokenizers: Tokenizers, folder: Path, converted: Sequence[Path]
) -> openvino.Model:
    """Return the model's graph from the first of the folders that has it, else convert it and keep it in the last."""
    paths = graph_paths(space, converted)
    for path in filter(Path.is_file, paths):
        if (graph := _read_graph(core, space, path)) is not None:
            return graph
    return _convert(space, tokenizers, folder, paths[-1])[0]


def _read_graph(core: openvino.Core, space: EmbeddingSpace, path: Path) -> openvino.Model | None:
    try:
        return core.read_model(path)
    except RuntimeError as error:
        _log.warning("the converted graph %s of %s cannot be read: %s", path, space.name, error)
        return None


def _convert(space: EmbeddingSpace, tokenizers: Tokenizers, folder: Path, path: Path) -> tuple[openvino.Model, bool]:
    """Convert the model, and return its graph and whether it is kept in ``path``."""
    try:
        from doc_assets.embedding.backends.openvino_conversion import convert
    except ImportError as error:
        raise EmbeddingMisconfigured(
            f"converting {space.name} for OpenVINO needs torch and sentence-transformers: {error}"
        ) from error
    _log.warning("converting %s for OpenVINO, once for all who use %s: 20 s of a core", space.name, path.parent)
    graph = convert(space.in_fp32, tokenizers, folder)
    try:
        _keep(graph, path)
    except (OSError, RuntimeError) as error:
        _log.warning("the converted model is not kept, each start will convert it again: %s", error)
        return graph, False
    return graph, True


def _keep(graph: openvino.Model, path: Path) -> None:
    """Write beside the target, then rename: no reader or second process sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=path.parent, prefix=scratch_prefix(os.getpid())))
    try:
        openvino.save_model(graph, scratch / "graph.xml", compress_to_fp16=False)
        # The weights first: a reader that finds the .xml finds them too.
        (scratch / "graph.bin").replace(path.with_suffix(".bin"))
        (scratch / "graph.xml").replace(path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
