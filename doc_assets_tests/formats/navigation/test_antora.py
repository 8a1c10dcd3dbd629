"""Pages in the navigation of an Antora component."""

from __future__ import annotations

import pytest

from doc_assets.formats.base import RawFile
from doc_assets.formats.navigation.finding import place_of
from doc_assets.formats.navigation.place import Place
from doc_assets_tests.support.source_files import SourceFiles

NAVIGATION = """\
.xref:index.adoc[{brand} Manual]
* xref:install.adoc[]
** xref:a/deep.adoc[Go `deep`]
* Operation
** xref:valve:open.adoc[Open it]
*** https://a.example[Elsewhere]
**** xref:pump:ROOT:last.adoc[Last]
* xref:other::x.adoc[Not ours]
"""
FILES = {
    "docs/antora.yml": "name: pump\ntitle: Pump\nnav: [modules/ROOT/nav.adoc, modules/valve/nav.adoc]\n"
    "asciidoc: {attributes: {brand: Acme}}\n",
    "docs/modules/ROOT/nav.adoc": NAVIGATION,
    "docs/modules/valve/nav.adoc": ".Valves\n* xref:own.adoc[Own]\n",
    "docs/modules/ROOT/pages/install.adoc": "= Install the *pump*\n\ntext\n",
}


def place(page: str) -> Place:
    return place_of(RawFile(f"docs/modules/{page}", b"= T", {}, SourceFiles(FILES)))


@pytest.mark.parametrize(
    ("page", "parents", "title", "order"),
    [
        ("ROOT/pages/index.adoc", ("Pump",), "Acme Manual", 1),
        ("ROOT/pages/install.adoc", ("Pump", "Acme Manual"), "Install the pump", 2),
        ("ROOT/pages/a/deep.adoc", ("Pump", "Acme Manual", "Install the pump"), "Go deep", 3),
        ("valve/pages/open.adoc", ("Pump", "Acme Manual", "Operation"), "Open it", 4),
        ("ROOT/pages/last.adoc", ("Pump", "Acme Manual", "Operation", "Open it", "Elsewhere"), "Last", 5),
        ("valve/pages/own.adoc", ("Pump", "Valves"), "Own", 6),
    ],
)
def test_a_page_stands_below_component_list_and_items(
    page: str, parents: tuple[str, ...], title: str, order: int
) -> None:
    found = place(page)
    assert (found.parents, found.title, found.order, found.listed) == (parents, title, order, True)


def test_a_page_that_no_list_names_stands_below_its_component() -> None:
    found = place("ROOT/pages/x.adoc")
    assert (found.parents, found.order, found.listed) == (("Pump",), 0, False)


def test_a_component_without_navigation_or_that_is_no_mapping_has_no_lists() -> None:
    for descriptor, parents in (("name: p\nnav: [../../x.adoc, 3]\n", ("p",)), ("- a\n", ())):
        found = place_of(RawFile("modules/ROOT/pages/x.adoc", b"", {}, SourceFiles({"antora.yml": descriptor})))
        assert (found.parents, found.listed) == (parents, False)
