"""Addresses of an index: which may be asked, the path of a page, and what readers are shown."""

from __future__ import annotations

import pytest

from doc_assets.catalogue import LlmsTxtSource
from doc_assets.sources.llms_txt.addresses import Paths, Reach, absolute, no_page, path_of, shown_address, with_suffix

SITE = "https://docs.example.org/llms.txt"
REACH = Reach(
    LlmsTxtSource(name="s", kind="llms_txt", location=SITE, hosts=("raw.example.org", "api.example.org:8443"))
)
READ = frozenset((".md", ".html", ".txt", ".json"))


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://docs.example.org/a", True),
        ("https://DOCS.example.org:443/a", True),
        ("https://raw.example.org/a", True),
        ("https://api.example.org:8443/a", True),
        ("http://docs.example.org/a", False),
        ("https://docs.example.org:8443/a", False),
        ("https://api.example.org/a", False),
        ("https://docs.example.org.evil.example/a", False),
        ("https://127.0.0.1/a", False),
        ("https://[::1]/a", False),
        ("https://[/a", False),
        ("file:///etc/hostname", False),
    ],
)
def test_only_the_named_hosts_may_be_asked_by_the_scheme_of_the_index(address: str, allowed: bool) -> None:
    assert REACH.allows(address) is allowed


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("a/b.md#part", "https://docs.example.org/a/b.md"),
        ("../../a.md", "https://docs.example.org/a.md"),
        ("//other.example/a", "https://other.example/a"),
        ("mailto:a@example.org", None),
        ("https://me:secret@docs.example.org/a", None),
        ("https://[/a", None),
        ("https://docs.example.org:99999/a", None),
        ("a\x07b", None),
    ],
)
def test_a_link_is_an_address_of_the_web_without_login_and_fragment(target: str, address: str | None) -> None:
    assert absolute(SITE, target) == address


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("https://docs.example.org/", "index"),
        ("https://docs.example.org/a/", "a/index"),
        ("https://docs.example.org/a/b.md", "a/b.md"),
        ("https://docs.example.org/a%2F..%2Fb/./c%00.md", "a_.._b/c_.md"),
        ("https://docs.example.org/.git/a.md", "_.git/a.md"),
        ("https://docs.example.org/caf%C3%A9.md", "café.md"),
        ("https://docs.example.org/%ff.md", "\ufffd.md"),
        ("https://raw.example.org/a.md", "raw.example.org/a.md"),
    ],
)
def test_a_path_is_that_of_the_address_and_stays_inside(address: str, path: str) -> None:
    assert path_of(address, REACH) == path


def test_pages_that_differ_in_the_query_alone_have_paths_of_their_own() -> None:
    one, two = (path_of(f"https://docs.example.org/a.md?page={n}", REACH) for n in (1, 2))
    assert one != two and one.startswith("a~") and one.endswith(".md")


def test_long_names_and_paths_are_cut_to_what_file_systems_take() -> None:
    path = path_of("https://docs.example.org/" + "/".join(["é" * 300] * 20) + ".md", REACH)
    assert len(path.encode()) < 1_500 and all(len(part.encode()) <= 200 for part in path.split("/"))
    assert path.endswith(".md")


def test_a_path_is_given_once_and_never_to_a_file_and_a_folder() -> None:
    paths = Paths()
    given = [paths.add(path, f"https://docs.example.org/{n}") for n, path in enumerate(("a.md", "a.md", "a.md/b.md"))]
    given += [paths.add("b/c.md", "https://docs.example.org/x"), paths.add("b", "https://docs.example.org/y")]
    assert given[0] == "a.md" and given[3] == "b/c.md" and len(set(given)) == 5
    assert all(path.startswith("~") for path in (given[1], given[2], given[4]))


@pytest.mark.parametrize(
    ("path", "kind", "head", "expected"),
    [
        ("a.md", "text/markdown", b"# A", "a.md"),
        ("a.md", "text/html", b"<!doctype html><html>", "a.html"),
        ("a.md", "text/html", b"# A", "a.md"),
        ("a.md", "text/plain", b"<!-- x --><html>", "a.html"),
        ("a", "text/markdown", b"# A", "a.md"),
        ("a", "text/html", b"<p>A", "a.html"),
        ("a.html", "text/markdown", b"# A", "a.md"),
        ("node.js", "text/html", b"<html>", "node.js.html"),
        ("node.js", "text/plain", b"words", "node.js.md"),
        ("a.txt", "", b"words", "a.txt"),
        ("api", "application/json", b"{}", "api.json"),
        ("api.json", "application/json", b"{}", "api.json"),
        ("a.pdf", "application/pdf", b"%PDF-1.7", None),
        ("a", "application/zip", b"PK", None),
    ],
)
def test_the_suffix_says_what_the_server_sent(path: str, kind: str, head: bytes, expected: str | None) -> None:
    assert with_suffix(path, kind, head, READ) == expected


def test_a_format_of_the_catalogue_reads_what_no_format_claims() -> None:
    assert with_suffix("a", "application/pdf", b"%PDF-1.7", None) == "a.pdf"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://docs.example.org/a/b.md", "https://docs.example.org/a/b"),
        ("https://docs.example.org/a/b.html.md", "https://docs.example.org/a/b.html"),
        ("https://docs.example.org/a/index.md", "https://docs.example.org/a/"),
        ("https://docs.example.org/a", "https://docs.example.org/a"),
        ("https://raw.example.org/a/b.md", "https://raw.example.org/a/b.md"),
    ],
)
def test_readers_get_the_page_behind_its_markdown_on_the_site_of_the_index(address: str, shown: str) -> None:
    assert shown_address(address, REACH) == shown


@pytest.mark.parametrize("name", ["llms.txt", "llms-full.txt", "logo.svg", "film.mp4", "sources.tar.gz"])
def test_what_is_no_page_by_its_name_is_not_asked(name: str) -> None:
    assert no_page(f"https://docs.example.org/{name}")
    assert no_page("https://docs.example.org/a.md") is no_page("https://docs.example.org/openapi.json") is None
