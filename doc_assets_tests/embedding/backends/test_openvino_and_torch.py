"""The installed model through its local backends: the same vectors, in the order asked for, never a truncated text."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest

from doc_assets.embedding.backends.openvino import OpenVinoEmbedder
from doc_assets.embedding.embedder import Embedder, unit_rows
from doc_assets.embedding.opening import open_embedder
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace, describe_space
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.errors import EmbeddingError
from doc_assets.settings import Settings

TEXTS = [
    "Cilium > IPAM\n\nCluster scope is the default mode.",
    "a",
    "",
    'fn main() { println!("hello"); }',
    "The verifier walks every path of the program. " * 20,
    "Überlänge 中文 \u0301 [SEP] --",
    "word " * 254,
]


@pytest.fixture(scope="module")
def local(converted_home: Path) -> Settings:
    return dataclasses.replace(
        Settings.from_environment({"DOC_ASSETS_EMBEDDING_BACKEND": "openvino"}),
        embedding_precision="fp32",
        home=converted_home,
        threads=2,
    )


@pytest.fixture(scope="module")
def openvino(local: Settings) -> OpenVinoEmbedder:
    embedder = open_embedder(local)
    assert isinstance(embedder, OpenVinoEmbedder)
    return embedder


@pytest.fixture(scope="module")
def torch(local: Settings) -> Embedder:
    return open_embedder(dataclasses.replace(local, embedding_backend="torch"))


def test_openvino_and_torch_agree(openvino: Embedder, torch: Embedder) -> None:
    ours, theirs = openvino.embed(TEXTS, Role.DOCUMENT), torch.embed(TEXTS, Role.DOCUMENT)
    assert ours.shape == theirs.shape == (len(TEXTS), 384)
    assert ours.dtype == theirs.dtype == np.float32
    assert (ours * theirs).sum(axis=1).min() > 0.9999
    assert openvino.space == torch.space


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_order_is_kept_and_batching_changes_no_vector(backend: str, request: pytest.FixtureRequest) -> None:
    embedder: Embedder = request.getfixturevalue(backend)
    texts = [f"{text} {i}" for i in range(4) for text in TEXTS[:4]]
    together = embedder.embed(texts, Role.DOCUMENT)
    alone = np.concatenate([embedder.embed([text], Role.DOCUMENT) for text in texts])
    assert (together * alone).sum(axis=1).min() > 0.99999
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_no_texts_give_no_vectors_and_long_texts_are_refused(backend: str, request: pytest.FixtureRequest) -> None:
    embedder: Embedder = request.getfixturevalue(backend)
    assert embedder.embed([], Role.DOCUMENT).shape == (0, 384)
    with pytest.raises(EmbeddingError, match="text 1 of 2 has 257 tokens, the model reads 256"):
        embedder.embed(["short", "word " * 255], Role.DOCUMENT)
    assert embedder.embed(["short"], Role.DOCUMENT).shape == (1, 384)


def test_calls_from_several_threads_do_not_mix_up_vectors(openvino: Embedder) -> None:
    expected = openvino.embed(TEXTS, Role.DOCUMENT)
    worst: list[float] = []

    def work(shift: int) -> None:
        order = np.roll(np.arange(len(TEXTS)), shift)
        found = openvino.embed([TEXTS[i] for i in order], Role.DOCUMENT)
        worst.append(float((found * expected[order]).sum(axis=1).min()))

    threads = [threading.Thread(target=work, args=(shift,)) for shift in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(worst) == 4
    assert min(worst) > 0.9999


def test_a_failed_inference_fails_its_call_and_no_later_one(
    openvino: OpenVinoEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing:
        def infer(self, inputs: object) -> None:
            raise RuntimeError("no memory")

    failing: SimpleQueue[Failing] = SimpleQueue()
    failing.put(Failing())
    before = openvino.embed(TEXTS, Role.DOCUMENT)
    with monkeypatch.context() as patched:
        patched.setattr(openvino, "_idle", failing)
        for role in Role:
            with pytest.raises(EmbeddingError, match=r"OpenVINO failed on .* tokens: no memory"):
                openvino.embed(TEXTS, role)
        with pytest.raises(EmbeddingError, match="OpenVINO failed on 1 texts of up to 3 tokens: no memory"):
            openvino.embed(["a"], Role.QUERY)
    np.testing.assert_array_equal(openvino.embed(TEXTS, Role.DOCUMENT), before)


def test_a_converted_model_starts_without_torch_and_gives_the_same_vectors(
    local: Settings, openvino: Embedder, tmp_path: Path
) -> None:
    program = f"""
import sys, pathlib, numpy
from doc_assets.embedding.opening import open_embedder
from doc_assets.embedding.prompts import Role
from doc_assets.settings import Settings
settings = Settings(home=pathlib.Path({str(local.home)!r}), catalogue=pathlib.Path('x'), threads=2,
                    embedding_backend='openvino', embedding_precision='fp32')
numpy.save({str(tmp_path / "vectors.npy")!r}, open_embedder(settings).embed({TEXTS!r}, Role.DOCUMENT))
print([m for m in ('torch', 'transformers', 'sentence_transformers') if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
    assert (np.load(tmp_path / "vectors.npy") * openvino.embed(TEXTS, Role.DOCUMENT)).sum(axis=1).min() > 0.9999


@pytest.fixture
def conversions(local: Settings, openvino: Embedder, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Spares a test the seconds of a real conversion: the graph converted for ``openvino`` is handed out instead."""
    from openvino import Core

    from doc_assets.embedding.backends import openvino_conversion

    graph = local.home / "models" / openvino.space.in_fp32.fingerprint / "openvino-1.xml"
    names: list[str] = []

    def convert(space: EmbeddingSpace, tokenizers: Tokenizers, folder: Path) -> object:
        names.append(space.name)
        return Core().read_model(graph)

    monkeypatch.setattr(openvino_conversion, "convert", convert)
    return names


def test_a_spoilt_converted_model_is_converted_again(
    local: Settings, openvino: Embedder, conversions: list[str], tmp_path: Path
) -> None:
    graph = local.home / "models" / openvino.space.in_fp32.fingerprint / "openvino-1.xml"
    assert graph.is_file()
    assert sorted(path.name for path in graph.parent.iterdir()) == ["openvino-1.bin", "openvino-1.xml"]
    spoilt = tmp_path / "models" / openvino.space.in_fp32.fingerprint / "openvino-1.xml"
    spoilt.parent.mkdir(parents=True)
    spoilt.write_text("<net")
    again = open_embedder(dataclasses.replace(local, home=tmp_path))
    assert (again.embed(TEXTS, Role.DOCUMENT) * openvino.embed(TEXTS, Role.DOCUMENT)).sum(axis=1).min() > 0.9999
    open_embedder(dataclasses.replace(local, home=tmp_path))
    assert len(conversions) == 1


def test_a_model_that_was_converted_elsewhere_is_neither_converted_nor_copied(
    local: Settings, openvino: Embedder, conversions: list[str], tmp_path: Path
) -> None:
    elsewhere = dataclasses.replace(local, home=tmp_path / "home", converted_models=local.home / "models")
    found = open_embedder(elsewhere).embed(TEXTS, Role.DOCUMENT)
    assert (found * openvino.embed(TEXTS, Role.DOCUMENT)).sum(axis=1).min() > 0.9999
    assert not elsewhere.home.exists()
    unknown = dataclasses.replace(elsewhere, converted_models=tmp_path / "nowhere")
    open_embedder(unknown)
    open_embedder(unknown)
    assert len(conversions) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_home_that_cannot_be_written_costs_time_and_not_the_run(
    local: Settings, conversions: list[str], tmp_path: Path
) -> None:
    in_the_way = tmp_path / "home"
    in_the_way.write_text("a file where the folder should be")
    embedder = open_embedder(dataclasses.replace(local, home=in_the_way))
    assert embedder.embed(["a"], Role.DOCUMENT).shape == (1, 384)
    assert embedder.space == describe_space(local)
    assert len(conversions) == 1


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (np.ones((2, 383)), "shape"),
        (np.ones((1, 384)), "shape"),
        (np.full((2, 384), np.nan), "not finite"),
        (np.array([[1.0] * 384, [np.inf] * 384]), "row 1"),
        (np.zeros((2, 384)), "zero"),
    ],
)
def test_what_is_no_unit_vector_of_the_space_is_refused(raw: np.ndarray, message: str) -> None:
    with pytest.raises(EmbeddingError, match=message):
        unit_rows(raw, 2, 384)
