"""The file of scales says whose they are, is found beside the user's models before the package's, and is checked."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from doc_assets.embedding import space
from doc_assets.embedding.int8_scales import ActivationScales, Int8Scales, file_name, find_scales, write_scales
from doc_assets.embedding.model_lookup import settings_of
from doc_assets.embedding.space import describe_space, scales_of
from doc_assets.errors import EmbeddingMisconfigured
from doc_assets.settings import Settings

DEFAULT = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SCALES = Int8Scales("ab" * 32, (ActivationScales(("p", "q"), (0.5, 1.25e-05), (-3, 400), (0, 255)),))
SETTINGS = dataclasses.replace(Settings.from_environment({}), embedding_backend="openvino", embedding_precision="int8")


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = write_scales(SCALES, tmp_path / "models")
    assert path.name == file_name(SCALES.weights_sha256) == "int8-abababababababab.json"
    found = find_scales([tmp_path / "absent", path.parent], SCALES.weights_sha256)
    assert found == SCALES
    assert found is not None
    assert found.digest == SCALES.digest
    assert find_scales([tmp_path], SCALES.weights_sha256) is None
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"weights_sha256": "x"}', '{"weights_sha256": "x", "activations": [{"steps": [0], "zeros": [1]}]}',
     '{"weights_sha256": "x", "activations": [{"products": ["p"], "steps": [0], "zeros": [1], "means": [1]}]}',
     '{"weights_sha256": "x", "activations": [{"products": ["p"], "steps": [1], "zeros": [0.5], "means": [1]}]}',
     '{"weights_sha256": "x", "activations": [{"products": ["p"], "steps": [1], "zeros": [1e999], "means": [1]}]}'],
)  # fmt: skip
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / file_name("x")).write_text(content)
    with pytest.raises(EmbeddingMisconfigured, match=r"int8-x\.json is no file of int8 scales.*embedder quantise"):
        find_scales([tmp_path], "x")


def test_scales_of_other_weights_are_refused(tmp_path: Path) -> None:
    other = dataclasses.replace(SCALES, weights_sha256=SCALES.weights_sha256[:16] + "0" * 48)
    write_scales(other, tmp_path)
    with pytest.raises(EmbeddingMisconfigured, match="of other weights"):
        find_scales([tmp_path], SCALES.weights_sha256)


def test_two_files_of_scales_are_two_spaces(tmp_path: Path) -> None:
    packaged = describe_space(dataclasses.replace(SETTINGS, home=tmp_path))
    assert packaged.precision == "int8"
    assert packaged.scales_digest
    write_scales(dataclasses.replace(SCALES, weights_sha256=DEFAULT), tmp_path / "models")
    own = describe_space(dataclasses.replace(SETTINGS, home=tmp_path))
    assert own.fingerprint != packaged.fingerprint
    in_fp32 = describe_space(dataclasses.replace(SETTINGS, embedding_precision="fp32"))
    assert own.in_fp32 == packaged.in_fp32 == in_fp32.in_fp32  # read in one way, whatever the space reads


@pytest.mark.parametrize("content", [None, "{"])
def test_a_space_filled_with_the_packaged_scales_is_read_with_them_whatever_the_home_holds(
    tmp_path: Path, content: str | None
) -> None:
    settings = dataclasses.replace(SETTINGS, home=tmp_path)
    packaged = describe_space(settings)
    path = write_scales(dataclasses.replace(SCALES, weights_sha256=DEFAULT), tmp_path / "models")
    if content is not None:
        path.write_text(content)
    found = settings_of(settings, packaged)
    assert describe_space(found) == packaged
    scales = scales_of(found, DEFAULT)
    assert scales is not None
    assert scales.digest == packaged.scales_digest


@pytest.mark.parametrize(("vnni", "bf16", "precision"), [(True, True, "int8"), (False, True, "bf16")])
def test_auto_is_int8_where_the_cpu_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, vnni: bool, bf16: bool, precision: str
) -> None:
    monkeypatch.setattr(space, "cpu_has_int8", lambda: vnni)
    monkeypatch.setattr(space, "cpu_has_bf16", lambda: bf16)
    automatic = dataclasses.replace(SETTINGS, embedding_precision="auto")
    assert describe_space(automatic).precision == precision
    monkeypatch.setattr(space, "scales_of", lambda *_: None)
    assert describe_space(automatic).precision == "bf16"


def test_int8_without_scales_or_with_torch_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EmbeddingMisconfigured, match="the backend torch computes no int8"):
        describe_space(dataclasses.replace(SETTINGS, embedding_backend="torch"))
    monkeypatch.setattr(space, "scales_of", lambda *_: None)
    with pytest.raises(EmbeddingMisconfigured, match="doc-assets embedder quantise"):
        describe_space(SETTINGS)
