"""A snapshot's recipe in another embedding space is that of a load there, or says what differs."""

from __future__ import annotations

import dataclasses
import json

from doc_assets.catalogue import DirectorySource
from doc_assets.embedding.space import describe_space
from doc_assets.ingest.recipe import recipe_in, recipe_of
from doc_assets.settings import Settings

WORDS = Settings.from_environment({})
VERBATIM = dataclasses.replace(WORDS, embedding_reading="verbatim")
SOURCE = DirectorySource(kind="directory", name="docs", location="docs")


def test_a_store_that_changed_to_another_reading_need_not_be_loaded_again() -> None:
    before, after = describe_space(VERBATIM), describe_space(WORDS)
    assert before.fingerprint != after.fingerprint
    assert recipe_in(recipe_of(VERBATIM, SOURCE), before, after) == recipe_of(WORDS, SOURCE)
    assert recipe_in(recipe_of(WORDS, SOURCE), after, before) == recipe_of(VERBATIM, SOURCE)


def test_chunks_that_were_cut_for_another_tokenizer_are_cut_anew_by_the_next_load() -> None:
    here = describe_space(WORDS)
    narrow = dataclasses.replace(here, max_tokens=40, tokenizer_digest="narrow")
    switched = recipe_in(recipe_of(WORDS, SOURCE), here, narrow)
    assert json.loads(switched)["chunked_for"] == here.tokenizer_digest
    assert recipe_in(switched, narrow, here) == recipe_of(WORDS, SOURCE)


def test_another_minimum_of_characters_is_another_recipe_and_none_is_that_of_versions_without_it() -> None:
    assert "min_characters" not in recipe_of(WORDS, SOURCE)
    assert recipe_of(WORDS, SOURCE.model_copy(update={"min_characters": 300})) != recipe_of(WORDS, SOURCE)
