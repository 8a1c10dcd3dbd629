"""A compiled model is opened if it gives the bits of a fresh one; whatever else lies in its place is replaced."""

from __future__ import annotations

import dataclasses
import gc
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino
import pytest

from doc_assets.embedding.backends import openvino as backend
from doc_assets.embedding.backends import openvino_compiled
from doc_assets.embedding.backends.openvino_compiled import CompiledFile, compiled_file
from doc_assets.embedding.converted_graphs import graph_paths
from doc_assets.embedding.opening import open_embedder
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import describe_space, model_folders
from doc_assets.settings import Settings

TEXTS = [f"{'The verifier walks every path. ' * (n % 12)}Chapter {n}: fn main() {{}} Überlänge 中文" for n in range(50)]


@pytest.fixture
def settings(converted_home: Path, tmp_path: Path) -> Settings:
    return dataclasses.replace(
        Settings.from_environment({"DOC_ASSETS_EMBEDDING_BACKEND": "openvino"}),
        embedding_precision="int8",
        converted_models=converted_home / "models",
        home=tmp_path,
        threads=1,
    )


def bits(settings: Settings, count: int = 4) -> bytes:
    embedder = open_embedder(settings)
    return embedder.embed(TEXTS[:count], Role.DOCUMENT).tobytes() + embedder.embed(TEXTS[:1], Role.QUERY).tobytes()


def made_anew(settings: Settings, count: int = 4) -> bytes:
    """The vectors of a process that keeps nothing."""
    return bits(dataclasses.replace(settings, home=settings.home / "none"), count)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The graphs that were read."""
    read, paths = backend._read_graph, []

    def noted(core: openvino.Core, space: object, path: Path) -> openvino.Model | None:
        paths.append(path)
        return read(core, space, path)  # pyrefly: ignore[bad-argument-type]

    monkeypatch.setattr(backend, "_read_graph", noted)
    return paths


def kept(settings: Settings) -> Path:
    (path,) = (settings.home / "models" / "compiled").iterdir()
    return path


@pytest.mark.parametrize(
    ("precision", "integers", "most_bytes"),
    [("int8", True, 13_000_000), ("int8", False, 50_000_000), ("fp32", False, 1_000_000)],
)
def test_a_model_that_was_compiled_before_gives_the_same_bits_without_its_graph(
    settings: Settings,
    readings: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    precision: str,
    integers: bool,
    most_bytes: int,
) -> None:
    monkeypatch.setattr(backend, "cpu_has_int8", lambda: integers)
    settings = dataclasses.replace(settings, embedding_precision=precision)
    expected = made_anew(settings, 50)
    assert bits(settings, 50) == expected
    assert len(readings) == 2
    assert kept(settings).stat().st_size < most_bytes
    assert bits(settings, 50) == expected
    assert len(readings) == 2
    two_streams = open_embedder(dataclasses.replace(settings, threads=2))
    assert two_streams.embed(TEXTS, Role.DOCUMENT).tobytes() == expected[: -384 * 4]
    assert len(readings) == 2


def test_codes_of_a_cpu_with_other_arithmetic_are_not_used(
    settings: Settings, readings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bits(settings)
    other = not backend.cpu_has_int8()
    monkeypatch.setattr(backend, "cpu_has_int8", lambda: other)
    expected = made_anew(settings)
    assert bits(settings) == expected
    assert len(readings) == 3


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    return content[:5_000_000] + bytes([content[5_000_000] ^ 1]) + content[5_000_001:]


def flipped_at_the_end(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 128])


@pytest.mark.parametrize("damage", [cut, flipped, flipped_at_the_end, lambda _: b"", lambda _: b"<net" * 100])
def test_a_damaged_file_is_replaced(settings: Settings, readings: list[Path], damage: Callable[[bytes], bytes]) -> None:
    expected = bits(settings)
    sound = kept(settings).read_bytes()
    kept(settings).write_bytes(damage(sound))
    assert bits(settings) == expected
    assert len(readings) == 2
    assert bits(settings) == expected
    assert len(readings) == 2


def test_a_compiled_model_of_another_space_is_not_taken_for_this_one(settings: Settings, readings: list[Path]) -> None:
    expected = bits(settings)
    place = kept(settings)
    fp32 = dataclasses.replace(settings, embedding_precision="fp32")
    bits(fp32)
    (other,) = {*place.parent.iterdir()} - {place}
    place.write_bytes(other.read_bytes())
    assert bits(settings) == expected
    assert len(readings) == 3


def test_what_openvino_refuses_although_it_is_as_it_was_written_is_made_again(
    settings: Settings, readings: list[Path]
) -> None:
    expected = bits(settings)
    file = of(settings)
    body = b"no model"
    file.path.write_bytes(file.key + openvino_compiled.hashlib.sha256(body).digest() + body)
    assert bits(settings) == expected
    assert bits(settings) == expected
    assert len(readings) == 2


def of(settings: Settings) -> CompiledFile:
    """The file as the backend asks for it on this machine."""
    space = describe_space(settings)
    (graph,) = filter(Path.is_file, graph_paths(space, model_folders(settings)))
    folder = settings.home / "models" / "compiled"
    integers, hint = backend.cpu_has_int8(), backend._hint(space)
    file = compiled_file(folder, space, graph, openvino.Core(), hint, integers=integers)
    assert file is not None
    return file


def test_the_key_names_all_that_the_vectors_depend_on(
    settings: Settings, converted_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    space = describe_space(settings)
    (graph,) = graph_paths(space, [converted_home / "models"])
    core = openvino.Core()

    def key(*, space: object = space, graph: Path = graph, hint: str = "f32", integers: bool = True) -> bytes:
        file = compiled_file(tmp_path, space, graph, core, hint, integers=integers)  # pyrefly: ignore[bad-argument-type]
        assert file is not None
        return file.key

    keys = [key(), key(hint="bf16"), key(integers=False)]
    keys.append(key(space=dataclasses.replace(space, scales_digest="another")))
    keys.append(key(space=dataclasses.replace(space, weights_sha256="another")))
    for change in ("layout", "size", "time"):
        copy = tmp_path / change / graph.name
        copy.parent.mkdir()
        copy.write_bytes(graph.read_bytes() + (b"\n" if change == "layout" else b""))
        weights = copy.with_suffix(".bin")
        with weights.open("wb") as file:
            file.truncate(graph.with_suffix(".bin").stat().st_size + (change == "size"))
        moment = graph.with_suffix(".bin").stat().st_mtime_ns
        os.utime(weights, ns=(moment, moment + (change == "time")))
        keys.append(key(graph=copy))
    for name, value in [
        ("QUANTISATION", 99),
        ("flags_of_cpu", lambda: {"sse2"}),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(openvino_compiled, name, value)
            keys.append(key())
    with monkeypatch.context() as patch:
        patch.setattr(openvino, "get_version", lambda: "another")
        keys.append(key())
    with monkeypatch.context() as patch:
        patch.setenv("ONEDNN_MAX_CPU_ISA", "AVX")
        keys.append(key())
    assert len({*keys}) == len(keys) == 12
    assert key() == keys[0]


def test_another_reading_of_the_texts_shares_the_compiled_model(settings: Settings, readings: list[Path]) -> None:
    for reading in ("verbatim", "words-1"):
        bits(dataclasses.replace(settings, embedding_reading=reading))
    assert len(readings) == 1
    assert kept(settings)


def test_a_folder_that_cannot_be_written_costs_time_and_not_the_model(settings: Settings) -> None:
    (settings.home / "models").mkdir()
    in_the_way = settings.home / "models" / "compiled"
    in_the_way.write_text("a file where the folder should be")
    assert bits(settings) == made_anew(settings)
    assert in_the_way.is_file()


def test_readers_see_a_whole_file_while_several_write(settings: Settings) -> None:
    bits(settings)
    file, core, options = of(settings), openvino.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
    model = file.open(core, options)
    assert model is not None
    written: list[int] = []

    def write() -> None:
        for _ in range(5):
            file.write(model)
            written.append(1)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        content = file.path.read_bytes()
        assert content[:32] == file.key
        assert content[32:64] == openvino_compiled.hashlib.sha256(content[64:]).digest()
    assert len(written) == 15
    assert kept(settings) == file.path


def test_what_killed_processes_and_earlier_versions_left_goes(settings: Settings) -> None:
    folder = settings.home / "models" / "compiled"
    folder.mkdir(parents=True)
    old, young = folder / ".writing-old", folder / ".writing-young"
    for path in (old, young, folder / "10401209428873757456.blob", folder / "of-somebody-else"):
        path.write_text(json.dumps("half"))
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    bits(settings)
    left = {path.name for path in folder.iterdir()}
    assert left == {young.name, "of-somebody-else", of(settings).path.name}


def test_an_opened_model_owns_what_it_reads(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without VNNI its largest constants are read from the file's content with each inference."""
    monkeypatch.setattr(backend, "cpu_has_int8", lambda: False)
    expected = bits(settings)
    embedder = open_embedder(settings)
    gc.collect()
    size = kept(settings).stat().st_size
    taken = [np.full(size, 255, np.uint8) for _ in range(5)] + [np.full(4096, 255, np.uint8) for _ in range(10_000)]
    assert embedder.embed(TEXTS[:4], Role.DOCUMENT).tobytes() == expected[: -384 * 4]
    assert len(taken) == 10_005
