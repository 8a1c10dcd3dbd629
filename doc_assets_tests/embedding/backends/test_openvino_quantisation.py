"""int8 is made of the fp32 graph and the scales alone: the same bits everywhere, close to fp32, or refused."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import openvino
import pytest

from doc_assets.embedding.backends.openvino_calibration import calibrate
from doc_assets.embedding.backends.openvino_quantisation import int8_weights, products, quantise
from doc_assets.embedding.batching import pad
from doc_assets.embedding.int8_scales import ActivationScales, Int8Scales
from doc_assets.embedding.opening import open_embedder
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace, describe_space
from doc_assets.errors import EmbeddingMisconfigured
from doc_assets.settings import Settings
from doc_assets_tests.support.small_graphs import TOKENS, small_graph

SPACE = EmbeddingSpace("small", "0" * 64, "mean", True, 64, 16, "fp32", "")
TEXTS = [np.random.default_rng(i).integers(0, TOKENS, 5 + i).tolist() for i in range(12)]


@pytest.fixture(scope="module")
def scales() -> Int8Scales:
    return calibrate(small_graph(), SPACE, TEXTS, threads=1)


def vectors(graph: openvino.Model) -> np.ndarray:
    compiled = openvino.compile_model(graph, "CPU", {"INFERENCE_NUM_THREADS": 1})
    found = np.concatenate([compiled(list(pad([text])))[0] for text in TEXTS])
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def test_every_product_of_token_activations_is_replaced_and_no_other(scales: Int8Scales) -> None:
    graph = small_graph()
    found = [product.name for group in products(graph) for product in group]
    assert len(found) == 3
    assert found[2] == f"{found[1]}#2"  # the same weights again
    quantise(graph, scales, integers=True)
    constants = Counter(str(node.get_element_type()) for node in graph.get_ops() if node.get_type_name() == "Constant")
    assert constants["<Type: 'int8_t'>"] == 3
    assert products(graph) == []


@pytest.mark.parametrize("integers", [True, False])
def test_vectors_stay_close_to_those_of_fp32(scales: Int8Scales, integers: bool) -> None:
    graph = small_graph()
    quantise(graph, scales, integers=integers)
    assert 0.995 < (vectors(graph) * vectors(small_graph())).sum(axis=1).min() < 0.999999


def test_scales_of_another_model_are_refused(scales: Int8Scales) -> None:
    fewer = dataclasses.replace(scales, activations=scales.activations[:-1])
    with pytest.raises(EmbeddingMisconfigured, match="doc-assets embedder quantise"):
        quantise(small_graph(), fewer, integers=True)
    more = dataclasses.replace(scales, activations=(*scales.activations, ActivationScales(("x",), (1.0,), (0,), (0,))))
    with pytest.raises(EmbeddingMisconfigured, match="lacks 1 of their activations"):
        quantise(small_graph(), more, integers=True)


def test_what_an_activation_is_on_average_is_multiplied_exactly() -> None:
    rng = np.random.default_rng(3)
    weights = rng.standard_normal((24, 32), np.float32)
    scales = ActivationScales(
        ("x",), tuple(np.round(rng.uniform(0.01, 2, 32), 4).tolist()),
        tuple(rng.integers(-300, 300, 32).tolist()), tuple(rng.integers(0, 256, 32).tolist()),
    )  # fmt: skip
    made = int8_weights(weights, scales)
    assert made.codes.dtype == np.int8
    assert np.abs(made.codes.astype(int)).max() == 127
    at_mean = made.scales * (made.codes.astype(np.float64) @ np.array(scales.means)) + made.offsets
    values = np.array(scales.steps) * (np.array(scales.means) - np.array(scales.zeros))
    np.testing.assert_allclose(at_mean, weights @ values, rtol=1e-4, atol=1e-2)


def test_constants_are_the_same_bits_under_any_instruction_set_and_number_of_threads(scales: Int8Scales) -> None:
    program = f"""
import hashlib, numpy
from doc_assets.embedding.backends.openvino_quantisation import quantise
from doc_assets.embedding.int8_scales import ActivationScales, Int8Scales
from doc_assets_tests.support.small_graphs import small_graph
graph = small_graph()
quantise(graph, {scales!r}, integers=True)
digest = hashlib.sha256()
for node in graph.get_ordered_ops():
    if node.get_type_name() == 'Constant':
        digest.update(numpy.array(node.get_data()).tobytes())
print(digest.hexdigest())
"""
    capped = [
        {},
        {"ONEDNN_MAX_CPU_ISA": "SSE41", "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3", "OMP_NUM_THREADS": "1"},
        {"ONEDNN_MAX_CPU_ISA": "AVX", "OMP_NUM_THREADS": "4", "OPENBLAS_CORETYPE": "Nehalem"},
    ]
    running = [
        subprocess.Popen([sys.executable, "-c", program], env={**os.environ, **cap}, stdout=subprocess.PIPE)
        for cap in capped
    ]
    digests = [process.communicate(timeout=120)[0].decode().strip() for process in running]
    assert len(digests[0]) == 64
    assert len(set(digests)) == 1


def test_the_packaged_scales_keep_the_default_models_vectors(converted_home: Path) -> None:
    settings = Settings.from_environment({"DOC_ASSETS_EMBEDDING_BACKEND": "openvino"})
    fp32 = dataclasses.replace(settings, home=converted_home, threads=2, embedding_precision="fp32")
    int8 = dataclasses.replace(fp32, embedding_precision="int8")
    assert describe_space(int8).scales_digest
    texts = ["Pods > Lifecycle\n\nA Pod is not restarted; its containers are.", "fn main() {}", "The verifier. " * 40]
    exact, rounded = (open_embedder(one).embed(texts, Role.DOCUMENT) for one in (fp32, int8))
    assert 0.99 < (exact * rounded).sum(axis=1).min() < 0.9999
