"""Globs of ``include`` and ``exclude`` mean what the documentation says."""

from __future__ import annotations

import pytest

from doc_assets.catalogue.globs import Selection


@pytest.mark.parametrize(
    ("glob", "taken", "not_taken"),
    [
        ("**/*", ["a", "a/b.md", "a\nb"], []),
        ("**/*.md", ["a.md", "x/y/a.md"], ["a.mdx", "a.md/b.txt"]),
        ("*.md", ["a.md", "x/a.md"], ["a.rst"]),
        ("docs/*.md", ["docs/a.md"], ["docs/x/a.md", "x/docs/a.md"]),
        ("docs/", ["docs/a", "docs/x/a", "x/docs/a"], ["docs", "docs2/a"]),
        ("docs/**", ["docs/a", "docs/x/a"], ["x/docs/a"]),
        ("a[!0-9]?.md", ["abc.md"], ["a1c.md", "ab.md", "a/c.md"]),
        ("a+(b).md", ["a+(b).md"], ["aab.md"]),
    ],
)
def test_globs_mean_what_the_documentation_says(glob: str, taken: list[str], not_taken: list[str]) -> None:
    selection = Selection((glob,), ())
    assert [path for path in taken if not selection.takes(path)] == []
    assert [path for path in not_taken if selection.takes(path)] == []
