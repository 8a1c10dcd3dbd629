"""The folders of the tests: each mirrors a package of ``doc_assets``, and what tests share is in ``support`` alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from doc_assets_tests.support import ROOT

PACKAGE, TESTS = ROOT / "doc_assets", ROOT / "doc_assets_tests"
FILES = sorted(path.relative_to(TESTS) for path in TESTS.rglob("*.py"))
# They cross packages, or serve them all.
OWN = ("support", "scenarios")
REFERENCE = re.compile(r"\bdoc_assets_tests(?:\.(\w+)| import (\w+))")


def test_every_folder_mirrors_a_package() -> None:
    folders = {path.parent for path in FILES}
    assert sorted(folder for folder in folders if not (TESTS / folder / "__init__.py").is_file()) == []
    mirrors = (folder for folder in folders if folder.parts[:1] not in [(name,) for name in OWN])
    assert sorted(folder for folder in mirrors if not (PACKAGE / folder / "__init__.py").is_file()) == []


def test_every_test_module_is_named_after_a_module() -> None:
    """``test_<module>.py``, and ``test_<module>_<what>.py`` beside it where the tests of a module are many."""

    def is_named_after_one(path: Path) -> bool:
        modules = {module.stem for module in (PACKAGE / path.parent).glob("*.py")}
        return any(f"{path.stem}_".startswith(f"test_{module}_") for module in modules)

    mirrors = [path for path in FILES if path.name.startswith("test_") and path.parts[0] not in OWN]
    assert [path for path in mirrors if not is_named_after_one(path)] == [Path("test_tree.py")]


def test_support_holds_no_tests() -> None:
    assert [path for path in FILES if path.parts[0] == "support" and path.name.startswith("test_")] == []


@pytest.mark.parametrize("folder", ["doc_assets_tests", "benchmarks", "fuzz"])
def test_only_support_is_imported(folder: str) -> None:
    """Also by programs in strings. A relative import has no name to check, so there is none."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text()
        assert {a or b for a, b in REFERENCE.findall(text)} <= {"support"}, path
        assert not re.search(r"^\s*from \.", text, re.MULTILINE), path
