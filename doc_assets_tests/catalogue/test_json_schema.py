"""The JSON schema of catalogues takes what the loader takes, and refuses what it refuses, but for what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from markdown_it import MarkdownIt
from pydantic import ValidationError

from doc_assets.catalogue.json_schema import BEYOND
from doc_assets.catalogue.model import SOURCE_KINDS, CatalogueFile, DocType
from doc_assets.catalogue.scaffold import initial_catalogue
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.catalogue_files import MISTAKES, SOUND, documents

COMMITTED = ROOT / "docs/reference/catalogue.schema.json"
SCHEMA = json.loads(COMMITTED.read_text())
VALIDATOR = Draft7Validator(SCHEMA)
# Mistakes that a schema cannot see; the statement of it beside the schema names each.
UNSEEN = {"glob set": "sets of characters", "duplicate key": "keys that stand twice"}


def mistakes(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(yaml.load(text, yaml.CSafeLoader))]


def catalogues() -> dict[str, str]:
    """Every catalogue in the repository, also those within manifests, Markdown and examples of a page."""
    found = {path.as_posix(): path.read_text() for path in ROOT.rglob("sources*.yaml") if path.is_relative_to(ROOT)}
    for path in ROOT.glob("k8s/*.yaml"):
        for manifest in yaml.load_all(path.read_text(), yaml.CSafeLoader):
            if inner := (manifest.get("data") or {}).get("sources.yaml"):
                found[path.as_posix()] = inner
    for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/plugins/*/README.md")]:
        for n, token in enumerate(MarkdownIt("commonmark").parse(path.read_text())):
            if token.type == "fence" and token.info == "yaml" and token.content.startswith("types:"):
                found[f"{path}, block {n}"] = token.content
    return {name.removeprefix(f"{ROOT}/"): text for name, text in found.items()}


CATALOGUES = catalogues()


def test_it_is_a_schema_of_draft_7_whose_patterns_editors_know():
    """Their patterns are those of JavaScript: no flags within a pattern, no groups or ends as in Python alone."""
    Draft7Validator.check_schema(SCHEMA)
    patterns = re.findall(r'"pattern": "([^"]*)"', COMMITTED.read_text())
    assert len(patterns) > 20
    assert [pattern for pattern in patterns if re.search(r"\(\?[aiLmsuxP]|\\[AZ]", pattern)] == []


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_catalogue_of_the_repository_satisfies_it(name: str):
    assert mistakes(CATALOGUES[name]) == []


@pytest.mark.parametrize("name", ["sources.yaml", "k8s/base/sources.yaml", "examples/sources.yaml"])
def test_the_catalogues_in_files_name_it_for_editors(name: str):
    """Beside the name by which the file is opened, since editors follow no link to where it is."""
    target = CATALOGUES[name].splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (ROOT / name).parent.joinpath(target).resolve() == COMMITTED


def test_what_is_made_for_a_folder_satisfies_it(tmp_path: Path):
    root = documents(tmp_path, {"rust/crate-tokio/a.md": 1, "rust/big/a.md": 9_000_000, "rust/big/b.md": 9_000_000})
    assert mistakes(initial_catalogue(root, root / "sources.yaml")) == mistakes(SOUND) == []


@pytest.mark.parametrize("case", MISTAKES)
def test_it_refuses_what_the_loader_refuses_but_for_what_it_says(case: str):
    refused = mistakes(f"types: {{rust: {{sources: [{{name: a, {MISTAKES[case][0]}}}]}}}}")
    assert (refused == []) == (case in UNSEEN)
    assert UNSEEN.get(case, "") in BEYOND


REFUSED = {
    "unknown key at the top": "typs: {}",
    "no types": "types: {}",
    "name of a type": "types: {Rust: {sources: [{name: a, kind: crate}]}}",
    "no sources": "types: {rust: {sources: []}}",
    "owner": "types: {rust: {owners: [sam], sources: [{name: a, kind: crate}]}}",
    "scope without members": "{types: {rust: {sources: [{name: a, kind: crate}]}}, scopes: {s: []}}",
    "glob of the catalogue": "{types: {rust: {sources: [{name: a, kind: crate}]}}, exclude: [/x]}",
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses_mistakes_outside_of_sources(case: str):
    assert mistakes(REFUSED[case])


@pytest.mark.parametrize(
    "source",
    [
        "name: a...b, kind: crate",
        "name: a, kind: crate, version: 1.10",
        "name: a, kind: crate, pages: mkdoc",
        "name: a, kind: crate, near_duplicates: prefer_source rust",
        "name: a, kind: crate, error_budget: 2",
        "name: a, kind: directory, location: x, base_url: 'https://me@host/'",
        "name: a, kind: directory, location: x, folder_attributes: {../up: {product: a}}",
        "name: a, kind: directory, location: x, credentials: c",
        "name: a, kind: archive, location: 'ssh://host/x.tar'",
        "name: a, kind: git, location: x, lfs_url: 'https://lfs.example/x'",
        "name: a, kind: archive, location: 'https:///x.tar'",
        "name: a, kind: crate, base_address: 'https://'",
        "name: a, kind: directory, location: ' '",
        "name: a, kind: git, location: ' '",
        "name: a, kind: git, location: x, ref: a..b",
        "name: a, kind: git, location: x, subfolders: [.git]",
    ],
)
def test_it_refuses_what_validators_of_the_model_check(source: str):
    text = f"types: {{rust: {{sources: [{{{source}}}]}}}}"
    assert mistakes(text)
    with pytest.raises(ValidationError):
        CatalogueFile.model_validate(yaml.load(text, yaml.CSafeLoader))


def keys() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each key of a catalogue: where it is, its rules, and those of the mapping that it is in."""
    models = {model.__name__: model for model in (DocType, *SOURCE_KINDS.values())}
    found = [(key, SCHEMA["properties"][key], SCHEMA) for key in CatalogueFile.model_fields]
    for name, model in models.items():
        of = SCHEMA["definitions"][name]
        found += [(f"{name}.{key}", of["properties"][key], of) for key in model.model_fields]
    return found


def test_every_key_is_described_with_examples_that_satisfy_it():
    for name, rules, _ in keys():
        assert rules["description"].endswith((".", "…")), name
        if "const" in rules:
            continue
        assert rules["examples"], name
        for example in rules["examples"]:
            alone = Draft7Validator({**rules, "definitions": SCHEMA["definitions"]})
            assert list(alone.iter_errors(example)) == [], (name, example)
