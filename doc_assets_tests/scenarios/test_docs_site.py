"""What is made of the code for the documentation is that of the code, and the site's menu reaches each page.

``make docs`` builds the site and refuses more; these run with the others, without the generator.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from doc_assets_tests.support import ROOT
from docs_site.build import fetches, pages
from docs_site.reference import BUILT, COMMITTED


class _Names(yaml.SafeLoader):
    """Takes the names of Python functions in ``mkdocs.yml`` for text."""


_Names.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: "")
CONFIGURATION = yaml.load((ROOT / "mkdocs.yml").read_text(), _Names)  # noqa: S506 - a safe loader


def entries(menu: Any) -> Iterator[str]:
    """The pages of a menu, at any depth."""
    match menu:
        case str():
            yield menu
        case list():
            for one in menu:
                yield from entries(one)
        case dict():
            for one in menu.values():
                yield from entries(one)


@pytest.mark.parametrize("page", COMMITTED)
def test_what_is_made_of_the_code_is_as_the_code_has_it(page: str):
    assert COMMITTED[page]() == (ROOT / page).read_text(encoding="utf-8"), "write it again: make reference"


def test_the_menu_reaches_every_page_once_and_no_other():
    assert Counter(entries(CONFIGURATION["nav"])) == Counter([*map(str, pages()), *BUILT])


def test_the_index_names_every_page_of_docs():
    """For people who read in the repository, where there is no menu."""
    index = (ROOT / "docs/README.md").read_text()
    named = {target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", index)}
    own = {str(page.relative_to("docs")) for page in pages() if page.is_relative_to("docs")} - {"README.md"}
    assert {page for page in own if not page.startswith("decisions/0")} <= named


def test_the_site_fetches_nothing_from_elsewhere_and_refuses_what_leads_nowhere():
    assert CONFIGURATION["strict"] and CONFIGURATION["theme"]["font"] is False
    rules = CONFIGURATION["validation"]
    assert {rules["nav"]["omitted_files"], rules["links"]["not_found"], rules["links"]["anchors"]} == {"warn"}


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<link rel="stylesheet" href="https://cdn.example/a.css">', True),
        ('<link href="https://cdn.example/a.css" rel="stylesheet">', True),
        ('<script async src="//cdn.example/a.js"></script>', True),
        ('<img alt="" src="https://cdn.example/a.png">', True),
        ('<link rel="canonical" href="https://docs.example/"><img src="a.png"><a href="https://docs.example/">', False),
    ],
)
def test_a_page_that_fetches_from_elsewhere_is_seen(html: str, found: bool):
    assert fetches(html) is found
