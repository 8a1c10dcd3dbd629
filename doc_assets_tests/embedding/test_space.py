"""The fingerprint follows what decides a vector, and nothing else; a wrong model or precision is refused in words."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from doc_assets.embedding import space
from doc_assets.embedding.opening import open_tokenizer
from doc_assets.embedding.space import EmbeddingSpace, choose_backend, describe_space, model_folder
from doc_assets.embedding.tokenizer import WindowTokenizer
from doc_assets.errors import EmbeddingError
from doc_assets.settings import Settings

SETTINGS = dataclasses.replace(Settings.from_environment({}), embedding_precision="fp32", threads=2)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the default model's folder that a test may spoil."""
    return Path(shutil.copytree(model_folder(SETTINGS), tmp_path / "model"))


def rewrite(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def of(model: Path) -> EmbeddingSpace:
    return describe_space(dataclasses.replace(SETTINGS, embedding_model=str(model)))


def test_the_default_model_is_described_without_loading_it() -> None:
    found = describe_space(SETTINGS)
    assert (found.max_tokens, found.dimensions, found.pooling, found.normalized) == (256, 384, "mean", True)
    assert found.name == "sentence-transformers/all-MiniLM-L6-v2"
    assert found.weights_sha256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def test_backends_of_one_precision_share_the_space() -> None:
    spaces = {describe_space(dataclasses.replace(SETTINGS, embedding_backend=b)) for b in ("openvino", "torch")}
    assert len({s.fingerprint for s in spaces}) == 1


def test_every_field_changes_the_fingerprint() -> None:
    found = describe_space(SETTINGS)
    other: dict[str, Any] = {"str": "other", "bool": False, "int": 7, "Precision": "bf16", "PromptsBy": "server"}
    changed = [dataclasses.replace(found, **{f.name: other[str(f.type)]}) for f in dataclasses.fields(found)]
    assert len({s.fingerprint for s in [found, *changed]}) == len(changed) + 1


def test_the_fingerprint_follows_the_files_and_not_their_place(model: Path, tmp_path: Path) -> None:
    before = of(model)
    moved = tmp_path / "elsewhere" / "model"
    shutil.copytree(model, moved)
    assert of(moved).fingerprint == before.fingerprint

    rewrite(model / "sentence_bert_config.json", max_seq_length=128)
    narrower = of(model)
    assert narrower.max_tokens == 128
    assert narrower.tokenizer_digest != before.tokenizer_digest
    with (model / "model.safetensors").open("ab") as file:
        file.write(b"\0")
    assert of(model).weights_sha256 != before.weights_sha256


def test_the_default_models_fingerprint_is_that_of_every_store_until_now() -> None:
    found = describe_space(dataclasses.replace(SETTINGS, embedding_reading="verbatim"))
    assert found.fingerprint == "525f68cc844642519bf82e328ed5e8194e6b56d6d850b06d9594fc031e1480dc"
    assert EmbeddingSpace(**found.description) == found  # pyrefly: ignore[bad-argument-type]


def test_an_incomplete_model_is_named_with_what_it_lacks(model: Path) -> None:
    (model / "model.safetensors").unlink()
    with pytest.raises(EmbeddingError, match=r"no model\.safetensors"):
        of(model)
    (model / "tokenizer.json").write_text("{")
    with pytest.raises(EmbeddingError, match=r"tokenizer\.json"):
        WindowTokenizer.from_folder(model)
    with pytest.raises(EmbeddingError, match="DOC_ASSETS_EMBEDDING_MODEL"):
        of(model / "absent")


def test_a_model_that_cannot_be_downloaded_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def offline(*_: object, **__: object) -> str:
        raise OSError("network is unreachable")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(EmbeddingError, match=r"network is unreachable.*DOC_ASSETS_EMBEDDING_MODEL"):
        describe_space(dataclasses.replace(SETTINGS, embedding_model="nobody/absent"))


@pytest.mark.parametrize(("bf16", "precision"), [(True, "bf16"), (False, "fp32")])
def test_bf16_is_used_where_the_cpu_has_it_and_refused_elsewhere(
    monkeypatch: pytest.MonkeyPatch, bf16: bool, precision: str
) -> None:
    monkeypatch.setattr(space, "cpu_has_int8", lambda: False)
    monkeypatch.setattr(space, "cpu_has_bf16", lambda: bf16)
    automatic = dataclasses.replace(SETTINGS, embedding_backend="openvino", embedding_precision="auto")
    assert describe_space(automatic).precision == precision
    asked = dataclasses.replace(automatic, embedding_precision="bf16")
    if bf16:
        assert describe_space(asked).precision == "bf16"
    else:
        with pytest.raises(EmbeddingError, match="AVX512_BF16"):
            describe_space(asked)


def test_openvino_is_asked_for_bf16_unless_linux_says_that_an_x86_cpu_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    import openvino

    monkeypatch.setattr(openvino.Core, "get_property", lambda *_: ["FP32", "BF16"])
    asked = {"fpu sse2 avx2": False, "fpu sse2 avx512_bf16": True, "asimd bf16": True, "": True}
    for flags, found in asked.items():
        monkeypatch.setattr(space, "flags_of_cpu", lambda flags=flags: set(flags.split()))
        space.cpu_has_bf16.cache_clear()
        assert space.cpu_has_bf16() is found, flags
    space.cpu_has_bf16.cache_clear()


def test_auto_takes_the_gpu_then_openvino_then_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "_has_cuda", lambda: True)
    assert choose_backend(SETTINGS) == "torch"
    monkeypatch.setattr(space, "_has_cuda", lambda: False)
    assert choose_backend(SETTINGS) == "openvino"
    find = space.importlib.util.find_spec
    monkeypatch.setattr(space.importlib.util, "find_spec", lambda name: None if name == "openvino" else find(name))
    assert choose_backend(SETTINGS) == "torch"
    with pytest.raises(EmbeddingError, match="openvino is not installed"):
        choose_backend(dataclasses.replace(SETTINGS, embedding_backend="openvino"))
    with pytest.raises(EmbeddingError, match="DOC_ASSETS_EMBEDDING_URL"):
        choose_backend(dataclasses.replace(SETTINGS, embedding_backend="http"))


def test_a_gpu_computes_in_fp16_by_default_and_any_machine_can_with_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    automatic = dataclasses.replace(SETTINGS, embedding_backend="auto", embedding_precision="auto")
    asked = dataclasses.replace(automatic, embedding_precision="fp16")
    monkeypatch.setattr(space, "_has_cuda", lambda: False)
    assert choose_backend(asked) == "torch"
    assert describe_space(asked).precision == "fp16"
    monkeypatch.setattr(space, "_has_cuda", lambda: True)
    assert describe_space(automatic) == describe_space(asked)
    with pytest.raises(EmbeddingError, match="openvino computes no fp16"):
        describe_space(dataclasses.replace(asked, embedding_backend="openvino"))


def test_chunking_processes_load_no_model_library() -> None:
    program = (
        "import sys, doc_assets.embedding.opening as e, doc_assets.chunking.chunker\n"
        "from doc_assets.settings import Settings\n"
        "e.open_tokenizer(Settings.from_environment({})).count(['a']); "
        "print([m for m in ('torch', 'transformers', 'openvino', 'numpy', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_the_tokenizer_counts_beyond_the_window_and_knows_where_tokens_stand() -> None:
    tokenizer = open_tokenizer(SETTINGS)
    assert tokenizer.count(["", "hello", "word " * 1000]) == [2, 3, 1002]
    assert [len(ids) for ids in tokenizer.encode(["", "hello"])] == [2, 3]
    assert tokenizer.offsets("an unbelievable é") == [(0, 2), (3, 15), (16, 17)]
    assert tokenizer.count([]) == []


def test_counts_do_not_depend_on_how_texts_are_batched() -> None:
    tokenizer = open_tokenizer(SETTINGS)
    texts = [f"word {i} " * (i % 7) for i in range(300)] + ["x " * 150_000, "y"]
    assert tokenizer.count(texts) == [tokenizer.count([text])[0] for text in texts]
