"""The model's files, without loading it."""

from __future__ import annotations

from pathlib import Path

from doc_assets.doctor import model
from doc_assets.embedding.converted_graphs import graph_paths
from doc_assets.embedding.space import describe_space, model_folders


def test_the_default_model_is_said_with_digest_and_whether_it_is_converted(around, tmp_path: Path):
    place = around(embedding_backend="openvino", embedding_precision="fp32", converted_models=tmp_path / "models")
    found, graph = model.model(place)
    assert (found.verdict, "openvino, fp32, digest " in found.sentence) == ("ok", True)
    assert "not converted yet" in graph.sentence
    (path, _) = graph_paths(describe_space(place.settings), model_folders(place.settings))
    path.parent.mkdir(parents=True)
    path.touch()
    _, graph = model.model(place)
    assert graph.sentence == f"converted for OpenVINO in {tmp_path / 'models'}"


def test_a_model_of_the_hub_that_is_not_here_is_a_warning_and_not_downloaded(around):
    (found,) = model.model(around(embedding_model="nobody/no-such-model"))
    assert (found.verdict, "the first load downloads it" in found.sentence) == ("warning", True)


def test_an_endpoint_is_not_asked_unless_online(around):
    place = around(embedding_backend="http", embedding_url="http://robot:hunter22@127.0.0.1:1/embed")
    (found,) = model.endpoint(place)
    assert found.sentence == "http://***@127.0.0.1:1/embed, not asked: --online does that"
    assert list(model.endpoint(around(embedding_backend="torch"))) == []
