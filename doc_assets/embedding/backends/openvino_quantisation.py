"""Replaces the matrix products of a converted graph by int8 ones, from scales that were measured before.

Every product of an activation with constant weights becomes: round the activation to 0 … 255 by channel, multiply
integers, rescale by output channel. Attention, normalisation and soft-max stay in floating point. Weights are
symmetric by output channel. The arithmetic that makes them is element by element or of integers, so they are the same
bits on every machine; sums in floating point, whose order a library chooses by instruction set, occur nowhere.

A CPU without VNNI and AMX adds products of 8 bits in 16, which overflow: oneDNN saturates them, and its vectors are
others. There the same codes are multiplied in fp32, which is exact to 24 bits, and faster besides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import openvino
from openvino import opset13 as operations

from doc_assets.embedding.int8_scales import ActivationScales, Int8Scales
from doc_assets.errors import EmbeddingMisconfigured

# Raised when the same graph and scales give other constants or operations: what was compiled before is not used again.
QUANTISATION = 1
_LARGEST_CODE = 255


@dataclass(frozen=True, slots=True)
class Product:
    """A product of an activation with constant weights.

    Attributes:
        name: SHA-256 of the weights (16 hex digits), with ``#2`` … where a model uses the same weights again.
        node: The ``MatMul``.
        weights: ``(outputs, channels) float32``.
    """

    name: str
    node: openvino.Node
    weights: np.ndarray


@dataclass(frozen=True, slots=True)
class Int8Weights:
    """What replaces the weights of a product.

    Attributes:
        codes: ``(outputs, channels) int8``.
        scales: ``(outputs,) float32``: the product of codes is multiplied by them.
        offsets: ``(outputs,) float32``, added after that: what the codes' zeros and means stand for.
    """

    codes: np.ndarray
    scales: np.ndarray
    offsets: np.ndarray


def products(graph: openvino.Model) -> list[list[Product]]:
    """Return the products of token activations with constant weights, by the activation that they share.

    Dense layers after the pooling are left out: they run once for a text, and their error would be the vector's.
    """
    found: dict[tuple[str, int], list[Product]] = {}
    seen: dict[str, int] = {}
    for node in graph.get_ordered_ops():
        if not _is_product(node):
            continue
        source = node.input_value(0)
        weights = np.array(node.input_value(1).get_node().get_data())
        name = hashlib.sha256(weights.tobytes()).hexdigest()[:16]
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name = f"{name}#{seen[name]}"
        key = (source.get_node().get_friendly_name(), source.get_index())
        found.setdefault(key, []).append(Product(name, node, weights))
    return list(found.values())


def _is_product(node: openvino.Node) -> bool:
    if node.get_type_name() != "MatMul" or node.input_value(1).get_node().get_type_name() != "Constant":
        return False
    attributes = node.get_attributes()
    weights = node.input_value(1)
    return (
        attributes["transpose_b"]
        and not attributes["transpose_a"]
        and len(node.input_value(0).get_partial_shape()) == 3
        and len(weights.get_shape()) == 2
        and weights.get_element_type() == openvino.Type.f32
    )


def quantise(graph: openvino.Model, scales: Int8Scales, *, integers: bool) -> None:
    """Replace the products of ``graph``, in place: by those of integers, or by the same products in fp32.

    Raises:
        EmbeddingMisconfigured: The scales are not those of this graph.
    """
    by_products = {one.products: one for one in scales.activations}
    for group in products(graph):
        wanted = by_products.pop(tuple(product.name for product in group), None)
        if wanted is None or len(wanted.steps) != group[0].weights.shape[1]:
            raise EmbeddingMisconfigured(
                f"the int8 scales do not fit the model: none are for {group[0].node.get_friendly_name()}; make them "
                "again with doc-assets embedder quantise"
            )
        codes = _rounded(group[0].node.input_value(0), wanted, integers)
        for product in group:
            _replace(product, codes, int8_weights(product.weights, wanted), integers)
    if by_products:
        raise EmbeddingMisconfigured(
            f"the int8 scales do not fit the model: it lacks {len(by_products)} of their activations; make them again "
            "with doc-assets embedder quantise"
        )
    graph.validate_nodes_and_infer_types()


def int8_weights(weights: np.ndarray, activation: ActivationScales) -> Int8Weights:
    """Return the weights of a product for this activation, the same bits on every machine.

    With steps ``s``, zeros ``z`` and means ``m`` of the channels, and codes ``q`` of the activation, the product is
    ``W·s·(q - z) = W·s·(q - m) + W·s·(m - z)``: only the first summand is computed with rounded weights; the second,
    what the activation is on average, is exact.
    """
    steps = np.array(activation.steps, np.float32)
    zeros, means = (np.array(codes, np.int64) for codes in (activation.zeros, activation.means))
    scaled = weights * steps
    scales = np.abs(scaled).max(axis=1) / np.float32(127)
    scales[scales == 0] = 1
    codes = np.rint(scaled / scales[:, None]).astype(np.int8)
    on_average = np.zeros(len(weights), np.float64)
    for j, distance in enumerate((means - zeros).tolist()):  # a sum in a fixed order
        on_average += scaled[:, j].astype(np.float64) * distance
    in_codes = scales.astype(np.float64) * (codes.astype(np.int64) * means).sum(axis=1)
    return Int8Weights(codes, scales, (on_average - in_codes).astype(np.float32))


def _rounded(activation: openvino.Output, scales: ActivationScales, integers: bool) -> openvino.Node:
    per_step = (np.float32(1) / np.array(scales.steps, np.float32)).reshape(1, 1, -1)
    zeros = np.array(scales.zeros, np.float32).reshape(1, 1, -1)
    codes = operations.add(operations.multiply(activation, operations.constant(per_step)), operations.constant(zeros))
    if not integers:
        return operations.round(operations.clamp(codes, 0, _LARGEST_CODE), "half_to_even")
    # OpenVINO's operation has one range for all channels. That of the codes themselves makes it multiply unsigned
    # integers, with no zero point to take away.
    least, largest = np.float32(0), np.float32(_LARGEST_CODE)
    return operations.fake_quantize(codes, least, largest, least, largest, _LARGEST_CODE + 1)


def _replace(product: Product, codes: openvino.Node, weights: Int8Weights, integers: bool) -> None:
    readers: Sequence[openvino.Input] = list(product.node.output(0).get_target_inputs())
    if integers:
        constant = operations.convert(operations.constant(weights.codes), np.float32)
        scaled = operations.multiply(constant, operations.constant(weights.scales[:, None]))
    else:
        scaled = operations.constant(weights.codes.astype(np.float32) * weights.scales[:, None])
    multiplied = operations.matmul(codes, scaled, False, True)
    multiplied.set_friendly_name(product.node.get_friendly_name())
    bias = _bias_after(readers)
    if bias is None:
        result = operations.add(multiplied, operations.constant(weights.offsets.reshape(1, 1, -1)))
        for reader in readers:
            reader.replace_source_output(result.output(0))
        return
    readers[0].replace_source_output(multiplied.output(0))
    shape = tuple(bias.get_shape())
    summed = np.array(bias.get_node().get_data()).reshape(-1) + weights.offsets
    adding = readers[0].get_node()
    adding.input(1 - readers[0].get_index()).replace_source_output(
        operations.constant(summed.reshape(shape).astype(np.float32)).output(0)
    )


def _bias_after(readers: Sequence[openvino.Input]) -> openvino.Output | None:
    """Return the constant that is added by output channel to a product that nothing else reads, if there is one."""
    if len(readers) != 1 or readers[0].get_node().get_type_name() != "Add":
        return None
    other = readers[0].get_node().input_value(1 - readers[0].get_index())
    is_bias = other.get_node().get_type_name() == "Constant" and max(other.get_shape(), default=1) > 1
    return other if is_bias else None
