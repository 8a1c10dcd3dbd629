"""The pages in Chromium: keys, results as you type, accessibility, the policy, phones; `make test-ui` runs them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from doc_assets.serving.answers import SearchAnswer, SearchQuery
from doc_assets.serving.http.application import create_app
from doc_assets.serving.page.routes import page_routes, problem_page
from doc_assets.serving.service import Service
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.browsing import Tab, chromium, served, tab
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.hostile_library import publish_hostile
from doc_assets_tests.support.library import Library, WordModel

pytestmark = pytest.mark.ui

PAGES = [
    "/",
    "/?q=pin+worker+threads",
    "/?q=further+markup+script&type=rust",
    "/?q=an+exceedingly+long+worker",
    "/?q=zzzz&mode=text&version=1.14",
    "/?q=x&type=defi",
    "/documents/rust/tokio/workers.md?q=worker&at=60#passage",
    "/documents/rust/markup/markup.md",
    "/documents/rust/tokio/long.md",
    "/documents/rust/tokio/none.md",
    "/sources",
]
WIDTHS = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 860}}
# Refusals are pages of their own here; the console names the status of each.
_EXPECTED = "Failed to load resource: the server responded with a status of 404"


class HeldService(Service):
    """Answers the query "held" only when it is let go."""

    let_go = threading.Event()

    def search(self, query: SearchQuery) -> SearchAnswer:
        if query.q == "held":
            assert self.let_go.wait(60)
        return super().search(query)


@pytest.fixture(scope="module")
def base(server_url: str, template: str) -> Iterator[str]:
    with new_database(server_url, template=template) as url, Store(url) as store:
        library = Library(store, WordModel(window=256))
        publish_hostile(library)
        with served(
            create_app(HeldService(store, library.model), mounts=page_routes(), problem_page=problem_page)
        ) as base:
            yield base


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def at_a_desk(browser: Any, base: str) -> Iterator[Tab]:
    with tab(browser, base, viewport=WIDTHS["desk"], permissions=["clipboard-read", "clipboard-write"]) as opened:
        yield opened
        assert opened.elsewhere == []


def focused(page: Any) -> str:
    return page.evaluate("document.activeElement.id || document.activeElement.textContent")


def wait_for_status(page: Any, text: str) -> None:
    # By locators: the policy forbids what `wait_for_function` evaluates once more, unless its first look is true.
    page.locator("#status", has_text=re.compile(f"^{re.escape(text)}")).wait_for(state="attached")


@contextmanager
def held(page: Any, of: str) -> Iterator[None]:
    """Hold the requests of a pattern; afterwards those that were held go on."""
    routes: list[Any] = []
    page.route(of, lambda route: routes.append(route))
    yield
    page.unroute(of)
    for route in routes:
        with suppress(Exception):  # the page has given some of them up
            route.continue_()


def test_results_come_as_you_type_and_keys_lead_through_them(at_a_desk: Tab) -> None:
    page = at_a_desk.open("/sources")
    page.keyboard.press("/")
    page.wait_for_url("**/")
    page.keyboard.press("Tab")
    page.keyboard.press("/")
    assert focused(page) == "q"
    page.keyboard.type("pin worker threads")
    # Keys that come slowly are answered in between: the address says which answer stands here.
    page.wait_for_url("**q=pin+worker+threads")
    wait_for_status(page, "10 pages")
    titles = page.locator("a.open").all_inner_texts()
    for key, at in [("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("End", -1), ("Home", 0)]:
        page.keyboard.press(key)
        assert focused(page) == titles[at], key
    page.keyboard.press("ArrowUp")
    assert focused(page) == "q"
    page.keyboard.press("Enter")
    page.locator("a.open:focus").wait_for(state="attached")
    page.keyboard.press("Escape")
    assert focused(page) == "q"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/documents/**")
    assert page.locator("h1").inner_text() == titles[0]
    page.go_back()
    wait_for_status(page, "10 pages")
    page.locator("#q").focus()
    page.keyboard.press("Escape")
    page.wait_for_url("**/")
    assert page.locator("#q").input_value() == "" and page.locator(".hit").count() == 0
    assert at_a_desk.said == []


def test_a_filter_narrows_at_once_and_the_nearest_version_is_said(at_a_desk: Tab) -> None:
    page = at_a_desk.open("/?q=worker")
    page.get_by_label("kubernetes").check()
    wait_for_status(page, "1 page")
    assert page.locator(".hit h2").all_inner_texts() == ["Install Talos"]
    page.locator("#version").fill("1.15")
    page.wait_for_url("**version=1.15")
    assert "1.14.2" in page.locator(".notice").inner_text()
    assert at_a_desk.said == []


def test_going_back_to_a_filter_that_the_form_was_served_without_asks_the_server(at_a_desk: Tab) -> None:
    page = at_a_desk.open("/?q=pin&source=rust%2Ftokio")
    page.locator("#q").fill("pin worker")
    page.locator("#q").press("Enter")
    page.wait_for_url("**q=pin+worker&source=*")
    page.locator("input[name=source]").uncheck(force=True)
    page.wait_for_url("**/?q=pin+worker")
    page.reload()
    assert page.locator("input[name=source]").count() == 0
    page.go_back()
    page.locator("input[name=source]:checked").wait_for(state="attached")
    assert page.locator(".hit").count() > 0


def test_an_answer_that_was_overtaken_is_not_shown(at_a_desk: Tab) -> None:
    page = at_a_desk.open("/")
    HeldService.let_go.clear()
    page.locator("#q").fill("held")
    wait_for_status(page, "Searching")
    assert page.locator("#results").get_attribute("aria-busy") == "true"
    page.locator("#q").fill("names pin")
    wait_for_status(page, "10 pages")
    HeldService.let_go.set()
    page.wait_for_load_state("networkidle")
    page.wait_for_url("**q=names+pin")
    assert page.locator("#results").get_attribute("aria-busy") == "false"
    assert page.locator(".hit h2").first.inner_text() == "Pin worker threads"


def test_a_server_that_cannot_be_reached_is_said(at_a_desk: Tab) -> None:
    page = at_a_desk.open("/")
    page.route("**/results?*", lambda route: route.abort())
    page.locator("#q").fill("pin <b>worker</b>")
    wait_for_status(page, "No answer")
    assert "cannot be reached" in page.locator(".problem").inner_text()
    page.unroute("**/results?*")
    page.locator("#q").press("Enter")
    wait_for_status(page, "10 pages")
    page.locator("a.open:focus").wait_for(state="attached")
    assert page.locator("#q").input_value() == "pin <b>worker</b>"


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("application/problem+json", '{"title": "Too many requests", "detail": "wait 3 s"}', "Too many requests"),
        ("text/html", "<html><body>Bad gateway</body></html>", "No answer"),
    ],
)
def test_a_refusal_is_said_in_words(at_a_desk: Tab, kind: str, body: str, said: str) -> None:
    page = at_a_desk.open("/")
    page.route("**/results?*", lambda route: route.fulfill(status=503, content_type=kind, body=body))
    page.locator("#q").fill("pin")
    wait_for_status(page, said)
    assert page.locator(".problem p").first.inner_text() in ("wait 3 s", "The server in front answers with 503.")
    assert page.get_by_role("link", name="Try again").get_attribute("href") == "/?q=pin"


def test_an_answer_that_comes_while_somebody_is_among_the_results_does_not_move_them(at_a_desk: Tab) -> None:
    page = at_a_desk.open("/?q=pin+worker")
    for query, there in [("pin worker threads", True), ("zzzz", False)]:
        with held(page, "**/results?*"):
            with page.expect_request("**/results?*"):
                page.locator("#q").fill(query)
            page.keyboard.press("ArrowDown")
            assert focused(page) == "Pin worker threads"
        page.wait_for_url(f"**q={query.replace(' ', '+')}")
        assert focused(page) == ("Pin worker threads" if there else "q")


def test_enter_leads_to_the_results_only_those_who_wait_for_them(at_a_desk: Tab) -> None:
    page = at_a_desk.open("/")
    with held(page, "**/results?*"):
        page.locator("#q").fill("pin worker")
        with page.expect_request("**/results?*"):
            page.keyboard.press("Enter")
        page.locator("#version").focus()
    page.wait_for_url("**q=pin+worker")
    assert focused(page) == "version"


def test_a_query_that_is_taken_back_is_no_longer_searched_for(at_a_desk: Tab) -> None:
    page = at_a_desk.open("/?q=pin+worker")
    with held(page, "**/results?*"):
        page.locator("#q").fill("pin worker x")
        wait_for_status(page, "Searching")
        page.locator("#q").fill("pin worker")
        wait_for_status(page, "10 pages")
    assert page.url.endswith("q=pin+worker") and page.locator("#results").get_attribute("aria-busy") == "false"


def test_what_was_typed_before_the_script_came_is_searched_for(at_a_desk: Tab) -> None:
    page = at_a_desk.page
    with held(page, "**/page.js*"):
        page.goto(at_a_desk.base + "/", wait_until="commit")
        page.locator("#q").fill("pin worker")
    wait_for_status(page, "10 pages")


def test_a_hit_and_a_document_are_copied_as_markdown(at_a_desk: Tab) -> None:
    page = at_a_desk.open("/?q=pin+the+worker+threads+as+here")
    for path in (None, "/documents/rust/tokio/workers.md"):
        if path:
            at_a_desk.open(path)
        page.get_by_role("button", name="Copy as Markdown").first.click()
        page.locator("button.copy", has_text=re.compile("^Copied")).first.wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("## [Pin worker threads](<https://docs.example/tokio/workers.md")
        assert "From rust/tokio, version 1.40.0" in copied
    assert "```\nfn main() {" in copied and "| Field | Type | Default |" in copied


def test_it_works_without_scripts(browser: Any, base: str) -> None:
    with tab(browser, base, java_script_enabled=False) as opened:
        page = opened.open("/")
        page.locator("#q").fill("pin worker threads")
        page.locator("#q").press("Enter")
        page.wait_for_url("**q=pin+worker+threads**")
        assert "Pin worker threads" in page.locator(".hit h2").all_inner_texts()
        assert not page.locator("button.copy").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_accessible_keeps_the_policy_and_fits(browser: Any, base: str, width: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with tab(browser, base, viewport=WIDTHS[width], color_scheme=scheme, reduced_motion="reduce") as opened:
        for path in PAGES:
            page = opened.open(path)
            found = axe.run(page).response["violations"]
            assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            assert page.title() != "owned", path
        assert [line for line in opened.said if not line.startswith(_EXPECTED)] == []
        assert opened.elsewhere == []
