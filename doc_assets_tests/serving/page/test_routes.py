"""The pages as the server renders them: what is shown, what is escaped, and what an error looks like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode
from starlette.testclient import TestClient

from doc_assets.errors import StoreUnavailable
from doc_assets.serving.http.application import create_app
from doc_assets.serving.http.guards import Guards
from doc_assets.serving.http.rate_limit import RateLimit
from doc_assets.serving.page.routes import page_routes, problem_page
from doc_assets.serving.service import Service
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.hostile_library import LONG_TITLE, publish_hostile
from doc_assets_tests.support.library import Library, WordModel


@pytest.fixture(scope="module")
def pages(server_url: str, template: str) -> Iterator[TestClient]:
    with new_database(server_url, template=template) as url, Store(url) as store:
        library = Library(store, WordModel(window=256))
        publish_hostile(library)
        app = create_app(Service(store, library.model), mounts=page_routes(), problem_page=problem_page)
        with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
            yield client


def read(client: TestClient, path: str, status: int = 200) -> LexborHTMLParser:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    tree = LexborHTMLParser(answer.text)
    # Nothing stands in the page that the policy would have to allow.
    assert tree.css("[style], style, script:not([src]), img, iframe, object, base") == []
    assert not [n for node in tree.css("*") for n in node.attributes if n.startswith("on")]
    return tree


def first(tree: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    found = tree.css(selector)
    assert found, selector
    return found[0]


def texts(tree: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(node.text().split()) for node in tree.css(selector)]


def test_the_form_works_without_a_script(pages: TestClient) -> None:
    tree = read(pages, "/")
    (form,) = tree.css("form")
    assert (form.attributes["action"], form.attributes["method"]) == ("/", "get")
    assert {node.attributes["name"] for node in form.css("input")} == {"q", "type", "version"}
    assert texts(tree, ".chip") == ["kubernetes 1", "rust 34"]
    assert [node.attributes["value"] for node in tree.css("option")] == ["latest", "1.14.2", '1.0"><script>', "1.40.0"]


def test_results_have_passages_with_marks_and_links(pages: TestClient) -> None:
    tree = read(pages, "/?q=pin+worker+threads&mode=text&type=rust")
    assert "Pin worker threads" in texts(tree, "h2")
    hit = next(node for node in tree.css(".hit") if "Pin worker threads" in first(node, "h2").text())
    assert {mark.text().lower() for mark in hit.css("mark")} & {"pin", "worker", "threads"}
    address = first(hit, "a.open").attributes["href"]
    assert address is not None and address.startswith("/documents/rust/tokio/workers.md?q=pin") and "&at=" in address
    source = first(hit, ".actions a")
    assert source.attributes["href"] is not None and source.attributes["href"].startswith("https://docs.example/tokio/")
    assert source.attributes["rel"] == "noopener noreferrer"
    assert (first(hit, "button").attributes["data-copy"] or "").startswith("## [Pin worker threads](<https://docs")
    assert "1.40.0" in first(hit, ".from").text() and "2 Apr 2026" in first(hit, ".from").text()
    assert first(hit, ".snapshot").text().startswith("Snapshot ")
    # What only the address asks for is in the form too, or the next key would drop it.
    assert [node.attributes["value"] for node in tree.css("input[checked]")] == ["rust", "text"]


def test_the_script_gets_what_the_page_holds(pages: TestClient) -> None:
    query = "q=pin+worker+threads&mode=text"
    whole, part = read(pages, f"/?{query}"), read(pages, f"/results?{query}")
    assert part.css("form, header") == []
    assert texts(part, ".hit") == texts(whole, ".hit") != []
    assert first(part, ".answer").attributes["data-status"] == texts(whole, "#status")[0] == "10 pages, and more"


def test_stored_markup_is_shown_as_text(pages: TestClient) -> None:
    tree = read(pages, "/?q=further+markup+script&mode=text")
    assert "<script>document.title = 'owned'</script> in a title" in texts(tree, "h2")
    tree = read(pages, "/documents/rust/markup/markup.md?q=<script>alert(1)</script>")
    assert texts(tree, "h1") == ["<script>document.title = 'owned'</script> in a title"]
    assert "Heading <img src=x onerror=\"document.title = 'owned'\">" in texts(tree, "h2")
    assert '1.0"><script>' in texts(tree, ".tag")
    assert len(tree.css("script")) == 1


def test_a_query_with_markup_is_a_query(pages: TestClient) -> None:
    tree = read(
        pages, "/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&mode=text&type=kubernetes&version=%22%3E%3Cb%3E", 400
    )
    assert first(tree, "#q").attributes["value"] == '"><script>alert(1)</script>'
    assert first(tree, "#version").attributes["value"] == '"><b>'


def test_only_addresses_of_the_web_are_links(pages: TestClient) -> None:
    tree = read(pages, "/documents/rust/markup/link.md")
    assert [a for a in tree.css("a") if (a.attributes["href"] or "").startswith("javascript")] == []


def test_a_document_is_laid_out_with_its_snapshot_and_its_passage(pages: TestClient) -> None:
    tree = read(pages, "/?q=names+pin&mode=text")
    address = first(tree, "a.open").attributes["href"]
    assert address is not None
    tree = read(pages, address.partition("#")[0])
    assert texts(tree, "#passage") == ["Names pin a worker too."]
    assert texts(tree, ".text h2") == ["Pinning", "Limits", "Ends"] and texts(tree, ".text h3") == ["By name"]
    assert {a.attributes["href"] for a in tree.css(".contents a")} == {"#pinning", "#by-name", "#limits", "#ends"}
    assert texts(tree, ".text thead th") == ["Field", "Type", "Default"] and texts(tree, ".text li > :last-child") == [
        "first step", "second step",
    ]  # fmt: skip
    assert "Runtime::new();\n    runtime" in first(tree, ".text pre").text()
    assert "published" in first(tree, ".facts").text()
    assert texts(tree, ".back") == ["← Results for names pin"]


def test_the_page_of_a_snapshot_says_that_it_is_one(pages: TestClient) -> None:
    tree = read(pages, "/documents/rust/tokio/workers.md")
    pinned = next(a.attributes["href"] for a in tree.css("a") if a.text() == "Link to this snapshot")
    assert texts(read(pages, pinned or ""), ".notice a") == ["See what is live now"]


def test_pages_of_results_follow_by_a_link(pages: TestClient) -> None:
    seen: list[str] = []
    path: str | None = "/?q=worker+waits&mode=text&type=rust"
    while path:
        tree = read(pages, path)
        seen += [a.attributes["href"] or "" for a in tree.css("a.open")]
        more = tree.css(".more a")
        path = more[0].attributes["href"] if more else None
    assert len(seen) == len(set(seen)) > 30


def test_what_is_wrong_is_said_in_the_page(pages: TestClient) -> None:
    assert "there are kubernetes, rust" in first(read(pages, "/?q=x&type=defi", 404), ".problem").text()
    assert "no document" in first(read(pages, "/documents/rust/tokio/none.md", 404), ".problem").text()
    assert "is no number" in first(read(pages, "/documents/rust/tokio/long.md?at=x", 400), ".problem").text()
    tree = read(pages, "/?q=zzzz&mode=text&type=rust")
    assert "Nothing found" in texts(tree, "h2") and "Search everything" in texts(tree, ".notice a")
    assert LONG_TITLE.strip() in texts(read(pages, "/documents/rust/tokio/long.md"), "h1")[0]


def test_a_store_that_is_away_leaves_the_form(pages: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> NoReturn:
        raise StoreUnavailable("PostgreSQL at 10.0.0.1 went away")

    for name in ("search", "sources", "document"):
        monkeypatch.setattr(Service, name, away)
    for path in ("/?q=x&type=rust", "/results?q=x&type=rust"):
        tree = read(pages, path, 503)
        assert "10.0.0.1" not in first(tree, ".problem").text()
        assert first(tree, ".problem a").attributes["href"] == "/?q=x&type=rust"
    assert first(read(pages, "/?q=x", 503), "#q").attributes["value"] == "x"
    read(pages, "/sources", 503)


def test_a_browser_reads_what_is_wrong_in_words_and_a_program_as_json(store: Store) -> None:
    guards = Guards(rate=RateLimit(2))
    app = create_app(Service(store, WordModel()), mounts=page_routes(), problem_page=problem_page, guards=guards)
    with TestClient(app, base_url="http://127.0.0.1", headers={"Accept": "text/html,*/*;q=0.8"}) as client:
        assert "nothing at /none" in first(read(client, "/none", 404), ".problem").text()
        read(client, "/")
        tree = read(client, "/?q=x", 429)
        assert "more than 2 requests in a minute" in first(tree, ".problem").text()
        assert [a.attributes["href"] for a in tree.css(".problem a")] == ["/?q=x", "/"]
        assert client.get("/?q=x").headers["retry-after"] == "30"
        # A path that begins with two slashes would name another server where it is linked to.
        for path, link in (
            ("//evil.example/a?q=x", "/evil.example/a?q=x"),
            ("/documents/50%25%3F", "/documents/50%25%3F"),
        ):
            again = first(read(client, f"http://127.0.0.1{path}", 429), ".problem a").attributes["href"]
            assert again == link
        for accept in ("*/*", "application/problem+json, text/html"):
            refused = client.get("/results?q=x", headers={"Accept": accept})
            assert refused.json()["title"] == "Too many requests"
            # What is kept of one form must not answer who reads the other.
            assert (refused.headers["vary"], refused.headers["cache-control"]) == ("Accept", "no-store")


def test_sources_say_what_is_in_it_and_how_fresh(pages: TestClient) -> None:
    tree = read(pages, "/sources")
    assert texts(tree, "main h2") == ["kubernetes", "rust"]
    rows = [[" ".join(cell.text().split()) for cell in row.css("th, td")] for row in tree.css("tbody tr")]
    assert [row[:3] for row in rows] == [
        ["talos", "1.14.2", "1"], ["markupMIT", '1.0"><script>', "2"], ["tokio", "1.40.0", "32"],
    ]  # fmt: skip
    assert first(tree, "tbody time").attributes["datetime"]
    assert first(tree, "tbody a").attributes["href"] == "/?source=kubernetes/talos"


def test_static_files_are_kept_by_their_digest(pages: TestClient) -> None:
    tree = read(pages, "/")
    for address in (
        first(tree, "link[rel=stylesheet]").attributes["href"],
        first(tree, "script").attributes["src"],
    ):
        answer = pages.get(address or "")
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
        assert "immutable" not in pages.get((address or "").partition("?")[0]).headers["cache-control"]
    assert pages.get("/static/..%2Froutes.py").status_code == 404


def test_an_empty_store_says_so(store: Store) -> None:
    app = create_app(Service(store, WordModel()), mounts=page_routes())
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert "Nothing is loaded yet" in texts(read(client, "/"), "h2")
        assert "Nothing is loaded yet" in texts(read(client, "/sources"), "h2")
