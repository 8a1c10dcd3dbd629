"""Properties of addresses: each kind of site has its own paths and anchors, and no address is of another file."""

from __future__ import annotations

import pytest

from doc_assets.document import JsonValue
from doc_assets.document.site import PAGE_RULES, Site
from doc_assets.search.page_url import address

BASE = "https://docs.example/x"


def page(pages: str, path: str, strip: str = "", /, **metadata: JsonValue) -> str | None:
    found = address(Site(BASE, pages, strip), path, metadata)
    return found and found.removeprefix(BASE + "/")


@pytest.mark.parametrize(
    ("pages", "path", "expected"),
    [
        ("as_is", "a b/c#d.md", "a%20b/c%23d.md"),
        ("mdbook", "ch01/intro.md", "ch01/intro.html"),
        ("mdbook", "ch01/README.md", "ch01/index.html"),
        ("mdbook", "index.md", "index.html"),
        ("mdbook", "v1.2.md", "v1.2.html"),
        ("sphinx", "a/README.rst", "a/README.html"),
        ("sphinx", "a/b.ipynb", "a/b.html"),
        ("mkdocs", "a/b.md", "a/b/"),
        ("mkdocs", "a/index.md", "a/"),
        ("mkdocs", "README.md", ""),
        ("mkdocs_html", "a/b.md", "a/b.html"),
        ("mkdocs_html", "a/README.md", "a/index.html"),
        ("hugo", "Docs/_index.md", "docs/"),
        ("hugo", "Docs/My Page.md", "docs/my-page/"),
        ("hugo", "docs/page/index.md", "docs/page/"),
        ("docusaurus", "01-intro/02-first_steps.md", "intro/first_steps"),
        ("docusaurus", "intro/intro.md", "intro"),
        ("docusaurus", "intro/index.mdx", "intro"),
        ("docusaurus", "index.md", ""),
        ("manual", "man8/tc.8", "man8/tc.8.html"),
        ("manual", "man8/ip-link.8.in", "man8/ip-link.8.html"),
        ("vitepress", "a/b.md", "a/b.html"),
        ("vitepress", "a/index.md", "a/"),
        ("pretty", "a/(group)/b.mdx", "a/b"),
        ("pretty", "a/index.mdx", "a"),
        ("pretty", "a/_index.md", "a"),
        ("rustdoc", "tokio/fs/fn.read.html", "tokio/fs/fn.read.html"),
    ],
)
def test_a_page_stands_where_its_site_puts_it(pages, path, expected):
    assert page(pages, path) == expected


@pytest.mark.parametrize(
    ("pages", "path", "metadata", "expected"),
    [
        ("docusaurus", "a/b.md", {"slug": "/top"}, "top"),
        ("docusaurus", "a/b.md", {"slug": "c"}, "a/c"),
        ("docusaurus", "a/b.md", {"id": "c"}, "a/c"),
        ("docusaurus", "a/b.md", {"slug": "../c"}, "c"),
        ("hugo", "a/b.md", {"slug": "c"}, "a/c/"),
        ("hugo", "a/b.md", {"front_matter.url": "/c/d/"}, "c/d/"),
        ("mkdocs", "a/b.md", {"use_directory_urls": False}, "a/b.html"),
        ("mkdocs", "a/b.md", {"use_directory_urls": "no"}, "a/b/"),
        ("pretty", "src/posts/x/index.md", {"path": "/blog/2017/4/24/launch"}, "blog/2017/4/24/launch"),
        ("as_is", "src/posts/x/index.md", {"path": "/blog/launch"}, "blog/launch"),
        ("pretty", "_docs/b.md", {"permalink": "/docs/c%20d/"}, "docs/c%20d/"),
        ("pretty", "a/b.md", {"slug": "/c/d"}, "c/d"),
        ("pretty", "a/b.md", {"slug": "c"}, "a/b"),
        ("pretty", "a/b.md", {"path": "/:year/{title}", "permalink": "//evil.example"}, "a/b"),
        ("mdbook", "a/b.md", {"path": "/c"}, "a/b.html"),
        ("rustdoc", "tokio.json", {"item_kind": "struct", "item_path": "tokio::fs::File"}, "tokio/fs/struct.File.html"),
        ("rustdoc", "tokio.json", {"item_kind": "mod", "item_path": "tokio::fs"}, "tokio/fs/index.html"),
        ("rustdoc", "tokio.json", {"item_kind": "crate", "item_path": "tokio"}, "tokio/index.html"),
        ("rustdoc", "tokio.json", {"item_kind": "trait", "item_path": "t::r#try::T"}, "t/try/trait.T.html"),
        ("rustdoc", "tokio.json", {"item_kind": "impl", "item_path": "tokio::fs::File"}, None),
        ("rustdoc", "tokio.json", {"item_kind": "struct", "item_path": "../../x"}, None),
        ("rustdoc", "tokio.json", {}, None),
    ],
)
def test_what_the_document_states_names_its_page(pages, path, metadata, expected):
    assert page(pages, path, **metadata) == expected


def test_a_path_on_the_site_is_none_in_a_repository_and_needs_no_stripped_folder():
    assert page("pretty", "src/posts/x.md", "content", path="/blog/x") == "blog/x"
    repository = "https://github.com/cilium/cilium.io/blob/HEAD"
    assert address(Site(repository), "a.md", {"path": "/blog/x"}) == f"{repository}/a.md"


def test_a_folder_is_stripped_and_what_is_outside_of_it_has_no_page():
    for strip in ("src", "src/", "/src/"):
        assert page("mdbook", "src/a.md", strip) == "a.html"
        assert page("mdbook", "README.md", strip) is None
        assert page("mdbook", "src2/a.md", strip) is None
    assert address(Site(None, "mdbook"), "a.md", {}) is None


def test_the_documents_own_address_wins_unless_it_is_of_another_version():
    own = "https://docs.example/talos/v1.13/learn"
    for site in (Site(BASE, "pretty"), Site(None)):
        assert address(site, "a.md", {"url": own, "version": "1.13"}, "top") == own + "#top"
        assert address(site, "a.md", {"url": own}) == own
    assert address(Site(BASE, "pretty"), "v1.14/a.md", {"url": own, "version": "1.14"}) == BASE + "/v1.14/a"
    assert address(Site(None), "a.md", {"url": "javascript:alert(1)"}) is None


@pytest.mark.parametrize(
    ("pages", "anchor", "heading", "fragment"),
    [
        ("mdbook", "what--why", "What & why?", "what--why"),
        ("mkdocs", "what--why", "What & why?", "what-why"),
        ("mkdocs", "usage-2", "Usage", "usage_2"),
        ("mkdocs", "l'été", "L'été", "l'%C3%A9t%C3%A9"),
        ("mkdocs", "été", "Été", "ete"),
        (
            "mkdocs_html",
            "1-tool-security--least-privilege",
            "1. Tool Security & Least Privilege",
            "1-tool-security-least-privilege",
        ),
        ("mkdocs", "概要", "概要", ""),
        ("vitepress", "1-set-up-a_b", "1. Set up a_b", "_1-set-up-a-b"),
        ("vitepress", "set-up-a_b-1", "Set up a_b", "set-up-a-b-1"),
        ("hugo", "संग्रह", "संग्रह", "%E0%A4%B8%E0%A4%97%E0%A4%B0%E0%A4%B9"),
        ("sphinx", "what--why", "What & why?", "what-why"),
        ("sphinx", "2-modes_of-use", "2 modes_of use", "modes-of-use"),
        ("sphinx", "chosen-by-hand", "Usage", "chosen-by-hand"),
        ("as_is", "method.from<u8>", "from", "method.from%3Cu8%3E"),
    ],
)
def test_fragments_are_those_of_the_site_and_hand_written_ones_are_kept(pages, anchor, heading, fragment):
    found = address(Site(BASE, pages), "a.md", {}, anchor, ("Above", heading))
    assert found is not None and found.partition("#")[2] == fragment


def test_a_part_of_a_manual_pages_section_is_opened_at_the_section():
    site = Site(BASE, "manual")
    assert str(address(site, "man8/tc.8", {}, "SEE_ALSO", ("SEE ALSO",))).endswith("man8/tc.8.html#SEE_ALSO")
    found = address(site, "man8/tc.8", {}, "Kinds", ("CLASSIFIERS AND SO ON", "Kinds"))
    assert str(found).endswith("#CLASSIFIERS_AND_SO_ON")


def test_every_rule_gives_one_address_without_white_space_for_any_path():
    for rule in PAGE_RULES:
        for path in ("a", "a.md", "ü ñ/ø.md", "a?b=c/d&e.md", "index.md", "(x)/(y)/index.md", "%2e%2e/a.md", "1-/2.md"):
            found = address(Site(BASE, rule), path, {}, "a b", ("x",))
            assert found is not None and found.startswith(BASE + "/") and not set(found) & set(" ?<>\\")
