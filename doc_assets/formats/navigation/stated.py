"""What a page's own front matter says of its place: Just the Docs' ``parent``, and titles for the navigation."""

from __future__ import annotations

from doc_assets.formats.navigation.page import Page
from doc_assets.formats.navigation.place import Place, joined, title_of

# Docusaurus, Mintlify and Nextra, Hugo, Just the Docs.
_TITLES = ("sidebar_label", "sidebarTitle", "linkTitle", "nav_title")
_BESIDE_PARENT = frozenset(("nav_order", "grand_parent", "has_children", "nav_exclude", "ancestor", "layout"))


def place(page: Page) -> Place | None:
    """Return the titles that Just the Docs puts above a page: those that its front matter names."""
    parent = title_of(page.facts.get("parent"))
    if not parent or page.facts.keys().isdisjoint(_BESIDE_PARENT):
        return None
    return Place(parents=joined((title_of(page.facts.get("grand_parent")), parent)))


def title(page: Page) -> str:
    """Return the page's own title for the navigation; "" without one."""
    return next((stated for key in _TITLES if (stated := title_of(page.facts.get(key)))), "")
