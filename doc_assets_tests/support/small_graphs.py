"""A graph of OpenVINO with what quantisation meets, in milliseconds: two activations, a bias, shared weights."""

from __future__ import annotations

import numpy as np
import openvino
from openvino import opset13 as operations

CHANNELS = 16
TOKENS = 50


def small_graph() -> openvino.Model:
    """Return ``(input_ids, attention_mask) -> (rows, CHANNELS)``; weights are the same in every process.

    Two channels are larger than the others and off centre, as in real models.
    """
    rng = np.random.default_rng(0)

    def weights(*shape: int) -> openvino.Node:
        return operations.constant(rng.standard_normal(shape, np.float32))

    ids = operations.parameter([-1, -1], np.int64, "input_ids")
    mask = operations.parameter([-1, -1], np.int64, "attention_mask")
    for node in (ids, mask):
        node.output(0).set_names({node.get_friendly_name()})
    table = rng.standard_normal((TOKENS, CHANNELS), np.float32)
    table[:, :2] = table[:, :2] * 8 + 20
    states = operations.gather(operations.constant(table), ids, operations.constant(0))
    first = operations.add(operations.matmul(states, weights(CHANNELS, CHANNELS), False, True), weights(1, 1, CHANNELS))
    shared = weights(CHANNELS, CHANNELS)
    second = operations.gelu(first, "erf")
    for _ in range(2):
        second = operations.gelu(operations.matmul(second, shared, False, True), "erf")
    kept = operations.multiply(
        second, operations.unsqueeze(operations.convert(mask, np.float32), operations.constant(2))
    )
    pooled = operations.reduce_sum(kept, operations.constant(1))
    # After the pooling: stays in floating point.
    dense = operations.matmul(pooled, weights(CHANNELS, CHANNELS), False, True)
    return openvino.Model([dense], [ids, mask])  # pyrefly: ignore[no-matching-overload]
