"""The name of a model on the command line means the model as it is set up now."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from doc_assets.cli import spaces as command
from doc_assets.embedding.space import describe_space
from doc_assets.errors import Misuse
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.spaces.listing import list_spaces
from doc_assets.store.spaces.spaces import ensure_space, model_of
from doc_assets_tests.support.library import Library, WordModel, page
from doc_assets_tests.support.loading import settings_for

NAME = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture
def settings(tmp_path: Path, store: Store) -> Settings:
    plain = settings_for(tmp_path, store)
    return dataclasses.replace(plain, embedding_backend="torch", embedding_precision="fp32")


def test_a_model_whose_prompts_have_changed_is_another_space_of_the_same_name(settings: Settings, store: Store) -> None:
    prompted = dataclasses.replace(settings, embedding_query_prompt="Find: ")
    before, after = describe_space(settings), describe_space(prompted)
    with store.connect() as connection:
        old = ensure_space(connection, before).id
        assert command._resolve(prompted, store, NAME)[0] == after
        assert command._resolve(prompted, store, f"{NAME}@fp32")[0] == after
        new = ensure_space(connection, after).id
        assert [model_of(connection, space) for space in (old, new)] == [before, after]
    assert [row.prompts for row in list_spaces(store)] == ["", "'', 'Find: '"]
    assert command._resolve(prompted, store, NAME)[0] == after
    assert command._resolve(settings, store, NAME)[0] == before
    assert command._resolve(prompted, store, str(old))[0] == before


def test_a_name_of_several_precisions_needs_one(settings: Settings, store: Store) -> None:
    here = describe_space(settings)
    automatic = dataclasses.replace(settings, embedding_precision="auto")
    with store.connect() as connection:
        ensure_space(connection, here)
        ensure_space(connection, dataclasses.replace(here, precision="bf16"))
    with pytest.raises(Misuse, match=r"several embedding spaces: 1 \(fp32\), 2 \(bf16\)"):
        command._resolve(automatic, store, NAME)
    assert command._resolve(automatic, store, f"{NAME}@fp32")[0] == here


def test_the_name_of_what_is_live_in_another_precision_is_no_silent_change_of_nothing(
    settings: Settings, store: Store
) -> None:
    model = WordModel()
    live = dataclasses.replace(describe_space(settings), precision="bf16")
    model.space = dataclasses.replace(live, dimensions=model.space.dimensions)
    Library(store, model).publish("rust/std", {"a.md": page("A", "some words")})
    automatic = dataclasses.replace(settings, embedding_precision="auto")
    with pytest.raises(Misuse, match=rf"live in bf16 \(words-1\), .* here it is fp32 .*{NAME}@fp32 or"):
        command._resolve(automatic, store, NAME)
    assert command._resolve(automatic, store, f"{NAME}@fp32")[0] == describe_space(settings)
