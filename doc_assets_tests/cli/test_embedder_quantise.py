"""``doc-assets embedder quantise`` writes one file, which the next command finds."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from doc_assets.cli import embedder_quantise, main
from doc_assets.embedding.int8_scales import ActivationScales, Int8Scales
from doc_assets.embedding.space import describe_space
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.library import Library, WordModel
from doc_assets_tests.support.two_embedders import publish_many_pages

WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SCALES = Int8Scales(WEIGHTS, (ActivationScales(("p",), (0.5,), (3,), (4,)),))


def test_scales_measured_on_live_chunks_are_found_in_the_home(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_many_pages(Library(store, WordModel()))
    measured: list[str] = []

    def measure(_: Settings, texts: Sequence[str]) -> Int8Scales:
        measured.extend(texts)
        return SCALES

    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", store.url)
    monkeypatch.setenv("DOC_ASSETS_HOME", str(tmp_path))
    monkeypatch.setattr(embedder_quantise, "measure_scales", measure)
    monkeypatch.setattr(sys, "argv", ["doc-assets", "embedder", "quantise", "--sample", "5", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    said = json.loads(capsys.readouterr().out)
    assert said == {
        "file": str(tmp_path / "models" / "int8-53aa51172d142c89.json"), "digest": SCALES.digest, "chunks": 5,
    }  # fmt: skip
    assert len(set(measured)) == 5
    settings = dataclasses.replace(
        Settings.from_environment(), embedding_backend="openvino", embedding_precision="int8"
    )
    assert describe_space(settings).scales_digest == SCALES.digest
    with pytest.raises(SystemExit) as again:  # a space may have been embedded with them
        main()
    assert again.value.code == 2
    assert "holds scales already" in capsys.readouterr().err
    assert len(measured) == 5
