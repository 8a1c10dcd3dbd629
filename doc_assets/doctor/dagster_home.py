"""Dagster's home: the instance that its commands, and loads of ``doc-assets migrate``, use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from doc_assets.doctor.diagnosis import Diagnosis, fault, ok, warning
from doc_assets.doctor.examination import Surroundings, examination

_STORAGE = ("doc_assets.dagster.storage", "DocAssetsStorage")
_SUBJECT = "DAGSTER_HOME"


def instance_of(environment: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what ``dagster.yaml`` of ``DAGSTER_HOME`` says; None if there is none.

    Raises:
        yaml.YAMLError: It is not YAML.
    """
    import yaml

    named = environment.get(_SUBJECT)
    file = Path(named).expanduser() / "dagster.yaml" if named else None
    if file is None or not file.is_file():
        return None
    content = yaml.safe_load(file.read_text("utf-8"))
    return content if isinstance(content, dict) else {}


@examination(_SUBJECT)
def dagster_home(surroundings: Surroundings) -> Iterator[Diagnosis]:
    """Say whether Dagster keeps its records in the database of the documents."""
    import yaml

    named = surroundings.environment.get(_SUBJECT)
    if not named:
        there = Path("dagster.yaml").is_file()
        own = "dagster.yaml of this folder" if there else "records of its own, unless it is started beside dagster.yaml"
        yield ok(_SUBJECT, f"not set: loads are recorded in our database; dagster dev here uses {own}")
        return
    folder = Path(named).expanduser()
    if not folder.is_dir():
        remedy = "create it with a dagster.yaml, or unset DAGSTER_HOME"
        yield fault(_SUBJECT, f"{named} is not a folder", remedy)
        return
    try:
        instance = instance_of(surroundings.environment)
    except yaml.YAMLError as error:
        yield fault(_SUBJECT, f"{folder / 'dagster.yaml'} is not YAML: {error}", "correct it; docs/dagster.md has one")
        return
    if instance is None:
        sentence = f"{folder} has no dagster.yaml: Dagster's commands keep records of their own there"
        yield warning(_SUBJECT, sentence, "copy dagster.yaml of doc-assets there")
        return
    custom = (instance.get("storage") or {}).get("custom") or {}
    if (custom.get("module"), custom.get("class")) != _STORAGE:
        sentence = f"{folder / 'dagster.yaml'} keeps Dagster's records elsewhere than in the database of the documents"
        yield warning(
            _SUBJECT, sentence, "storage: custom: {module: doc_assets.dagster.storage, class: DocAssetsStorage}"
        )
    else:
        yield ok(_SUBJECT, f"{folder}: records are in the database of the documents")
