"""The table of errors in docs/errors.md, and what follows from it: exit codes and the Jobs' failure policy."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import doc_assets
from doc_assets.errors import DocAssetsError, Misuse, Refused, Transient

ROOT = Path(__file__).parents[1]
_SKIPPED = re.compile(r"alembic|backends|__main__|definitions")  # need a model, a migration or a catalogue to import


def _errors(base: type[DocAssetsError]) -> Iterator[type[DocAssetsError]]:
    for error in base.__subclasses__():
        if error.__module__.startswith("doc_assets."):
            yield error
            yield from _errors(error)


@pytest.fixture(scope="module")
def errors() -> set[type[DocAssetsError]]:
    """Every public error of the product."""
    for module in pkgutil.walk_packages(doc_assets.__path__, "doc_assets."):
        if not _SKIPPED.search(module.name):
            importlib.import_module(module.name)
    return {error for error in (DocAssetsError, *_errors(DocAssetsError)) if not error.__name__.startswith("_")}


@pytest.fixture(scope="module")
def rows() -> dict[str, list[str]]:
    """Kind, exit code, and retries by a Job and by Dagster, by the name of the error."""
    _, _, section = (ROOT / "docs" / "errors.md").read_text().partition("## Whose turn it is")
    table = [line.strip("|").split("|") for line in section.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in row] for row in table[1:]]
    return {
        name: [kind, code, job, dagster]
        for kind, named, code, _, job, dagster, _ in cells
        for name in re.findall(r"`(\w+)`", named.partition(":")[0] + named.partition("any other")[1])
    }


def test_every_public_error_stands_in_the_table_with_its_exit_code_and_its_retry(errors, rows):
    assert {error.__name__ for error in errors} - set(rows) == set()
    assert set(rows) - {error.__name__ for error in errors} == set()
    for error in errors:
        kind, code, job, dagster = rows[error.__name__]
        if kind == "one file":
            continue
        assert (str(error.exit_code), error.may_pass) == (code, dagster == "yes"), error
        assert job.startswith("yes") == (error.exit_code == 1), error


def test_an_error_is_of_one_kind(errors):
    for error in errors:
        assert sum(issubclass(error, kind) for kind in (Misuse, Transient, Refused)) <= 1, error


def test_every_job_ends_at_once_on_the_exit_code_of_misuse_alone():
    """The overlays' patches of a Job say nothing of it."""
    documents = [d for file in (ROOT / "k8s").rglob("*.yaml") for d in yaml.safe_load_all(file.read_text())]
    jobs = [d for d in documents if isinstance(d, dict) and d.get("kind") == "Job"]
    policies = [job["spec"]["podFailurePolicy"] for job in jobs if "podFailurePolicy" in job["spec"]]
    assert len(policies) == 5
    for policy in policies:
        failing = [rule["onExitCodes"] for rule in policy["rules"] if rule["action"] == "FailJob"]
        assert failing == [{"operator": "In", "values": [Misuse.exit_code]}]
