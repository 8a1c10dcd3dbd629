"""Measures the int8 scales of a model on texts: what each activation of its graph ranges over, by channel.

Done once for a model; the result is a file. Applying it is in ``openvino_quantisation``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import openvino
from openvino import opset13 as operations

from doc_assets.embedding.backends.graph_inputs import graph_inputs
from doc_assets.embedding.backends.openvino_quantisation import Product, products
from doc_assets.embedding.int8_scales import ActivationScales, Int8Scales
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.errors import EmbeddingMisconfigured

# Share of the spread of a channel that its step follows (smooth quantisation); the rest is put on the weights.
_ALPHA = 0.8
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class _Range:
    """What the channels of an activation took on: least, greatest and mean, each ``(channels,) float64``."""

    least: np.ndarray
    greatest: np.ndarray
    mean: np.ndarray


def calibrate(graph: openvino.Model, space: EmbeddingSpace, ids: Sequence[Sequence[int]], threads: int) -> Int8Scales:
    """Return the scales that fit the given texts.

    Args:
        graph: The graph in fp32; it is not changed.
        space: The model.
        ids: Tokens of each text. Texts of an average model need a few hundred; 300 chunks take 30 s on a core.
        threads: CPU threads to use.

    Raises:
        EmbeddingMisconfigured: The model has no matrix product that could be replaced, or there is no text.
    """
    if not ids:
        raise EmbeddingMisconfigured(f"there is no text that {space.name} could read: its scales cannot be measured")
    groups = products(graph)
    if not groups:
        raise EmbeddingMisconfigured(f"{space.name} has no products with constant weights: use another precision")
    ranges = _measured(graph, space, groups, ids, threads)
    activations = tuple(_scales(group, found) for group, found in zip(groups, ranges, strict=True))
    return Int8Scales(space.weights_sha256, activations)


def _measured(
    graph: openvino.Model,
    space: EmbeddingSpace,
    groups: Sequence[Sequence[Product]],
    ids: Sequence[Sequence[int]],
    threads: int,
) -> list[_Range]:
    outputs: list[openvino.Node] = []
    axes = np.array([0, 1], np.int64)
    for group in groups:
        activation = group[0].node.input_value(0)
        outputs += [reduce(activation, axes) for reduce in (operations.reduce_min, operations.reduce_max)]
        outputs.append(operations.reduce_mean(activation, axes))
    observing = openvino.Model(outputs, graph.get_parameters())  # pyrefly: ignore[no-matching-overload]
    options = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads}
    compiled = openvino.compile_model(observing, "CPU", {**options, "CPU_RUNTIME_CACHE_CAPACITY": 64})
    totals: list[_Range] | None = None
    for text in ids:
        # One text at a time: no padding takes part.
        found = compiled(graph_inputs(space, [text], 0))
        rows = [np.array(found[i], np.float64) for i in range(len(outputs))]
        one = [_Range(*rows[i : i + 3]) for i in range(0, len(rows), 3)]
        totals = one if totals is None else [_joined(a, b) for a, b in zip(totals, one, strict=True)]
    return [_Range(total.least, total.greatest, total.mean / len(ids)) for total in totals or ()]


def _joined(a: _Range, b: _Range) -> _Range:
    return _Range(np.minimum(a.least, b.least), np.maximum(a.greatest, b.greatest), a.mean + b.mean)


def _scales(group: Sequence[Product], found: _Range) -> ActivationScales:
    spread = np.maximum((found.greatest - found.least) / 2, 1e-6)
    weights = np.maximum(np.max([np.abs(product.weights).max(axis=0) for product in group], axis=0), 1e-8)
    smooth = spread**_ALPHA / weights.astype(np.float64) ** (1 - _ALPHA)
    steps = [float(f"{step:.{_DIGITS}g}") for step in smooth * (spread / smooth).max() / 127.5]
    widths = np.array(steps)
    zeros = np.rint(127.5 - (found.greatest + found.least) / 2 / widths).astype(int)
    means = np.clip(np.rint(found.mean / widths + zeros), 0, 255).astype(int)
    return ActivationScales(
        tuple(product.name for product in group), tuple(steps), tuple(zeros.tolist()), tuple(means.tolist())
    )
