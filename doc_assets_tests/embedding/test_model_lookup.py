"""Names and descriptions of models, and the settings that they stand for."""

import dataclasses

import pytest

from doc_assets.embedding import model_lookup
from doc_assets.embedding.converted_graphs import graph_paths
from doc_assets.embedding.model_lookup import ModelName, SpaceModels, settings_of
from doc_assets.embedding.space import describe_space, model_folders
from doc_assets.errors import EmbeddingError
from doc_assets.settings import Settings

SETTINGS = Settings.from_environment(
    {"DOC_ASSETS_EMBEDDING_PRECISION": "fp32", "DOC_ASSETS_EMBEDDING_BACKEND": "torch"}
)


@pytest.fixture
def known(monkeypatch):
    """Describes any model and precision without looking for its folder."""
    space = describe_space(SETTINGS)

    def describe(settings: Settings):
        if settings.embedding_model == "owner/absent":
            raise EmbeddingError("not here")
        precision = "remote" if settings.embedding_backend == "http" else settings.embedding_precision
        return dataclasses.replace(space, name=settings.embedding_model, precision=precision)  # pyrefly: ignore[bad-argument-type]

    monkeypatch.setattr(model_lookup, "describe_space", describe)
    return describe


def test_a_name_may_state_its_precision(tmp_path):
    assert ModelName.parse("owner/model") == ModelName("owner/model")
    assert ModelName.parse("owner/model@bf16") == ModelName("owner/model", "bf16")
    with pytest.raises(EmbeddingError, match="'fp8' is no precision"):
        ModelName.parse("owner/model@fp8")
    folder = tmp_path / "model@v2"
    folder.mkdir()
    assert ModelName.parse(str(folder)) == ModelName(str(folder))
    assert ModelName.parse(f"{folder}@fp32") == ModelName(str(folder), "fp32")


def test_the_settings_own_model_is_used_as_it_is_set(known):
    assert settings_of(SETTINGS, known(SETTINGS)) == SETTINGS


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8", "remote"])
def test_another_model_is_found_by_the_name_and_precision_of_its_space(known, precision):
    wanted = dataclasses.replace(known(SETTINGS), name="owner/other", precision=precision)
    found = settings_of(SETTINGS, wanted)
    assert known(found) == wanted


def test_a_model_that_is_not_here_is_named_with_the_next_step(known):
    space = known(SETTINGS)
    with pytest.raises(EmbeddingError, match="point it to the folder mine"):
        settings_of(SETTINGS, dataclasses.replace(space, name="mine"))
    with pytest.raises(EmbeddingError, match=r"make owner/absent available .* weights"):
        settings_of(SETTINGS, dataclasses.replace(space, name="owner/absent", weights_sha256="a" * 64))
    with pytest.raises(EmbeddingError, match="make owner/other available"):
        settings_of(SETTINGS, dataclasses.replace(space, name="owner/other", weights_sha256="a" * 64))


def test_of_several_spaces_the_one_that_is_set_is_preferred_and_each_is_opened_once(known, monkeypatch):
    opened = []
    monkeypatch.setattr(
        model_lookup, "open_embedder", lambda settings, **_: opened.append(settings.embedding_model) or opened[-1]
    )
    own = known(SETTINGS)
    other = dataclasses.replace(own, name="owner/other")
    chosen = SpaceModels(SETTINGS)
    assert chosen.of([other, own]) == own.name
    assert chosen.of([own]) == own.name
    assert chosen.of([other]) == chosen.of([other]) == "owner/other"
    assert opened == [own.name, "owner/other"]


def test_weights_that_a_graph_here_was_made_of_are_not_hashed_again(tmp_path, monkeypatch):
    settings = dataclasses.replace(SETTINGS, embedding_backend="openvino", home=tmp_path, converted_models=None)
    wanted = dataclasses.replace(describe_space(settings), weights_sha256="a" * 64)
    (graph,) = graph_paths(wanted, model_folders(settings))
    graph.parent.mkdir(parents=True)
    graph.touch()
    monkeypatch.setattr("doc_assets.embedding.space.file_sha256", lambda _path: "b" * 64)
    assert settings_of(settings, wanted) == settings
    graph.unlink()
    with pytest.raises(EmbeddingError):
        settings_of(settings, wanted)
