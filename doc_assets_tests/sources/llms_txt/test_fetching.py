"""A site that lists its pages in llms.txt, on this machine: what is asked, kept, refused and said."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from doc_assets.catalogue import LlmsTxtSource, Partition
from doc_assets.errors import SourceError, SourceUnavailable
from doc_assets.formats.navigation.llms_order import FILE
from doc_assets.runtime import shutdown
from doc_assets.sources.fetch import fetch
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched
from doc_assets.sources.llms_txt import asking, kept
from doc_assets.sources.llms_txt.fetching import list_llms_txt
from doc_assets.sources.walk import walk
from doc_assets_tests.support.servers import Answer, Server, authority, running

INDEX = """# Harbour

> The handbook of Harbour.

## Guides

- [Start](/guides/start.md): first steps
- [Berths](guides/berths.md)
  - [Tides](guides/tides.md)

## Optional

- [Old news](/news)
- [Code](https://code.example.org/harbour)
"""
MARKDOWN = {"Content-Type": "text/markdown; charset=utf-8"}


class Site:
    """A server whose pages tests change; pages have ETags, as they are sent."""

    def __init__(self, server: Server) -> None:
        """Serves four pages."""
        self.server = server
        server.respond = self.respond
        self.pages: dict[str, bytes] = {"/llms.txt": INDEX.encode()}
        self.pages |= {f"/guides/{name}.md": f"# {name}\n\nWords.\n".encode() for name in ("start", "berths", "tides")}
        self.pages["/news"] = b"<!DOCTYPE html><html><body><h1>News</h1><p>Old.</p></body></html>"
        self.answers: dict[str, Callable[[Any], Answer]] = {}
        self.sent: list[str] = []
        self.agents: set[str] = set()
        self.lock = threading.Lock()

    def respond(self, path: str, headers: Any) -> Answer:
        """Answers, with 304 where the mark is the page's."""
        with self.lock:
            self.agents.add(headers["User-Agent"])
        if (answer := self.answers.get(path)) is not None:
            return answer(headers)
        if (body := self.pages.get(path)) is None:
            return 404, {}, b"no such page"
        etag = f'"{hash(body)}"'
        if headers["If-None-Match"] == etag:
            return 304, {"ETag": etag}, b""
        with self.lock:
            self.sent.append(path)
        kind = {"Content-Type": "text/html"} if body.startswith(b"<!") else MARKDOWN
        return 200, {"ETag": etag, **kind}, body

    def asked(self) -> list[str]:
        """The paths of the requests since the last call, sorted."""
        paths = sorted(path for path, _ in self.server.seen)
        self.server.seen.clear()
        return paths


@pytest.fixture
def site() -> Iterator[Site]:
    server = Server()
    with running(server):
        yield Site(server)


class Clock:
    """Time that passes by waiting alone."""

    def __init__(self) -> None:
        """Begins."""
        self.now = 1_000.0
        self.waits: list[float] = []
        self.lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Passes."""
        with self.lock:
            self.waits.append(seconds)
            self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(asking, "time", clock)
    monkeypatch.setattr(shutdown, "wait", clock.wait)
    return clock


def source(site: Site, **keys: Any) -> LlmsTxtSource:
    return LlmsTxtSource(name="harbour", kind="llms_txt", location=f"{site.server.address}/llms.txt", **keys)


def get(site: Site, tmp_path: Path, options: FetchOptions | None = None, **keys: Any) -> Fetched:
    return fetch(source(site, **keys), base=tmp_path, cache=tmp_path / "cache", options=options)


def listed(site: Site, fetched: Fetched, **keys: Any) -> dict[str, str | None]:
    """Outcome by path, as the manifest would have it."""
    files = walk(fetched.root, Partition("guides", "harbour", source(site, **keys)), fetched.left_out)
    return {file.path: file.outcome for file in files}


PAGES_ASKED = ("/guides/start.md", "/guides/berths.md", "/guides/tides.md", "/news")
PAGES = dict.fromkeys(("guides/berths.md", "guides/start.md", "guides/tides.md", "news.html"))


def test_the_pages_become_a_tree_and_what_is_elsewhere_is_in_the_manifest(site, tmp_path) -> None:
    fetched = get(site, tmp_path)
    assert listed(site, fetched) == {"code.example.org/harbour": "skipped", **PAGES}
    assert (fetched.root / "guides/start.md").read_bytes() == site.pages["/guides/start.md"]
    assert fetched.revision.startswith("sha256:") and fetched.warnings == ()
    assert all(agent.startswith("doc-assets/") for agent in site.agents)
    address = site.server.address
    assert json.loads((fetched.root / FILE).read_text()) == [
        ["guides/start.md", "Start", ["Harbour", "Guides"], f"{address}/guides/start"],
        ["guides/berths.md", "Berths", ["Harbour", "Guides"], f"{address}/guides/berths"],
        ["guides/tides.md", "Tides", ["Harbour", "Guides", "Berths"], f"{address}/guides/tides"],
        ["news.html", "Old news", ["Harbour"], f"{address}/news"],
    ]


def test_what_the_server_confirms_is_not_sent_again_and_gives_the_same_tree(site, tmp_path) -> None:
    first = get(site, tmp_path)
    site.sent.clear()
    again = get(site, tmp_path)
    assert (again, site.sent) == (first, [])
    site.pages["/guides/tides.md"] = b"# Tides\n\nOther words.\n"
    changed = get(site, tmp_path)
    assert site.sent == ["/guides/tides.md"] and changed.revision != first.revision
    assert (first.root / "guides/tides.md").read_bytes() != (changed.root / "guides/tides.md").read_bytes()


def test_links_of_an_index_that_is_elsewhere_start_from_there_also_when_it_is_confirmed(site, tmp_path) -> None:
    site.pages["/guides/llms.txt"] = b"- [Start](start.md)\n"
    site.answers["/llms.txt"] = lambda headers: (302, {"Location": "/guides/llms.txt"}, b"")
    first = get(site, tmp_path)
    assert list(listed(site, first)) == ["guides/start.md"]
    assert get(site, tmp_path) == first


def test_a_page_without_a_mark_is_confirmed_by_its_date_or_sent_again(site, tmp_path) -> None:
    dates: list[str | None] = []

    def answer(headers: Any) -> Answer:
        dates.append(headers["If-Modified-Since"])
        return 200, {"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT", **MARKDOWN}, b"# Tides\n\nWords.\n"

    site.answers["/guides/tides.md"] = answer
    assert get(site, tmp_path).revision == get(site, tmp_path).revision
    assert dates == [None, "Wed, 21 Oct 2015 07:28:00 GMT"]


@pytest.mark.parametrize(
    ("keys", "paths", "not_asked"),
    [
        ({"optional": False}, ["guides/berths.md", "guides/start.md", "guides/tides.md"], ["/news"]),
        ({"include": ("guides/*",), "exclude": ("guides/t*",)}, ["guides/berths.md", "guides/start.md"], ["/news"]),
        ({"exclude": ("guides/",)}, ["code.example.org/harbour", "news.html"], ["/guides/start.md"]),
    ],
)
def test_pages_that_the_source_does_not_take_are_not_asked_for(site, tmp_path, keys, paths, not_asked) -> None:
    assert list(listed(site, get(site, tmp_path, **keys), **keys)) == paths
    assert set(site.asked()).isdisjoint(not_asked)


def test_a_link_to_markdown_that_is_answered_with_html_is_read_as_html(site, tmp_path) -> None:
    site.pages["/guides/tides.md"] = site.pages["/news"]
    assert "guides/tides.html" in listed(site, get(site, tmp_path))


def test_a_failing_page_keeps_its_earlier_copy_and_is_named(site, tmp_path) -> None:
    first = get(site, tmp_path)
    site.answers["/guides/tides.md"] = lambda headers: (500, {}, b"")
    again = get(site, tmp_path)
    assert again.revision == first.revision and listed(site, again) == listed(site, first)
    (warning,) = again.warnings
    assert "1 of 4 pages could not be fetched, 1 of which are loaded as they were fetched before" in warning
    assert "guides/tides.md (no answer in 4 attempts: status 500)" in warning


def test_without_an_earlier_copy_a_failing_page_is_rejected_and_one_that_is_not_there_skipped(site, tmp_path) -> None:
    site.answers["/guides/tides.md"] = lambda headers: (500, {}, b"")
    del site.pages["/guides/start.md"]
    fetched = get(site, tmp_path)
    assert listed(site, fetched)["guides/tides.md"] == "rejected"
    assert listed(site, fetched)["guides/start.md"] == "skipped"
    assert [warning[:6] for warning in fetched.warnings] == ["1 of 4", "1 of 4"]


def test_a_page_that_is_gone_is_no_part_of_the_next_tree(site, tmp_path) -> None:
    get(site, tmp_path)
    del site.pages["/guides/start.md"]
    assert not (get(site, tmp_path).root / "guides/start.md").exists()


def test_a_server_that_is_busy_is_left_alone_as_long_as_it_asks(site, tmp_path, clock) -> None:
    answers = [(429, {"Retry-After": "30"}, b""), (503, {}, b""), (200, MARKDOWN, b"# Tides\n\nWords.\n")]
    site.answers["/guides/tides.md"] = lambda headers: answers.pop(0)
    assert listed(site, get(site, tmp_path))["guides/tides.md"] is None
    assert sum(clock.waits) >= 31


def test_a_server_that_asks_for_a_long_rest_is_not_asked_before_the_next_attempt(site, tmp_path) -> None:
    site.answers["/guides/tides.md"] = lambda headers: (429, {"Retry-After": "3600"}, b"")
    with pytest.raises(SourceUnavailable, match="left alone for 3,600 s"):
        get(site, tmp_path)


def test_a_server_out_of_order_fails_the_fetch_instead_of_each_page(site, tmp_path) -> None:
    names = [f"/many/{n}.md" for n in range(30)]
    site.pages["/llms.txt"] = "".join(f"- [x]({name})\n" for name in names).encode()
    site.answers |= dict.fromkeys(names, lambda headers: (502, {}, b""))
    with pytest.raises(SourceUnavailable, match=r"1\d pages in a row did not answer: status 502"):
        get(site, tmp_path)
    assert len({path for path in site.asked()}) < 20


def test_a_fetch_that_broke_off_goes_on_after_the_pages_that_it_has(site, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(asking, "AT_ONCE", 1)
    broken = [True]

    def answer(headers: Any) -> Answer:
        if broken:
            raise_in_fetch.set()
        return 200, MARKDOWN, b"# Tides\n\nWords.\n"

    raise_in_fetch = threading.Event()
    kept_page = kept.KeptPages.keep

    def killed(self: kept.KeptPages, address: str, *rest: Any) -> kept.KeptPage:
        if address.endswith("/guides/tides.md") and broken:
            raise KeyboardInterrupt
        return kept_page(self, address, *rest)

    site.answers["/guides/tides.md"] = answer
    monkeypatch.setattr(kept.KeptPages, "keep", killed)
    with pytest.raises(KeyboardInterrupt):
        get(site, tmp_path)
    assert "/guides/start.md" in site.asked()
    broken.clear()
    assert listed(site, get(site, tmp_path))["guides/start.md"] is None
    assert "/guides/start.md" not in site.asked()
    # That round is over: the next one asks for each page again.
    get(site, tmp_path)
    assert "/guides/start.md" in site.asked()


def test_the_partitions_of_one_source_share_what_was_asked_just_now(site, tmp_path) -> None:
    first = get(site, tmp_path, shards=2)
    site.asked()
    assert get(site, tmp_path, shards=2) == first
    assert site.asked() == ["/llms.txt"]


def test_only_hosts_of_the_source_are_asked_whatever_index_and_redirects_say(site, tmp_path) -> None:
    other = Server()
    other.respond = lambda path, headers: (200, MARKDOWN, b"# Elsewhere\n\nWords.\n")
    with running(other):
        site.pages["/llms.txt"] += f"\n- [Other]({other.address}/a.md)\n- [Mail](mailto:a@b)\n".encode()
        site.answers["/guides/tides.md"] = lambda headers: (302, {"Location": f"{other.address}/t.md"}, b"")
        host = other.address.removeprefix("http://")
        below = host.replace(":", "_") if ":" not in host else host
        found = listed(site, fetched := get(site, tmp_path))
        assert (found["guides/tides.md"], found[f"{below}/a.md"], other.seen) == ("skipped", "skipped", [])
        reasons = {file.path: file.reason or "" for file in fetched.left_out}
        assert f"it leads to {host}, which is not asked: 'hosts'" in reasons["guides/tides.md"]
        found = listed(site, get(site, tmp_path, hosts=(host,)), hosts=(host,))
    assert (found["guides/tides.md"], found[f"{below}/a.md"]) == (None, None)


def test_a_credential_goes_to_the_host_of_the_index_alone(site, tmp_path) -> None:
    (tmp_path / "site.token").write_text("s3same-open")
    other = Server()
    other.respond = lambda path, headers: (200, MARKDOWN, b"# Elsewhere\n\nWords.\n")
    with running(other):
        site.pages["/llms.txt"] += f"\n- [Other]({other.address}/a.md)\n".encode()
        host = other.address.removeprefix("http://")
        get(site, tmp_path, FetchOptions(credentials=tmp_path), credentials="site", hosts=(host,))
    assert (site.server.authorizations, other.authorizations) == ({"Bearer s3same-open"}, {None})


@pytest.mark.parametrize(
    ("keys", "index", "said"),
    [
        ({"max_pages": 3}, INDEX, "lists 4 pages, more than 3: .* raise max_pages"),
        ({"max_download_bytes": 40}, INDEX, "raise max_download_bytes"),
        ({"max_page_bytes": 100}, INDEX, "raise max_page_bytes"),
        ({}, "<!doctype html><html>", "is a page of HTML and no llms.txt: mend location"),
        ({}, "# Nothing\n\n[x](https://elsewhere.example/)\n", "lists no pages of http://127.0.0.1"),
    ],
)
def test_an_index_beyond_a_limit_or_that_is_none_is_refused_with_what_to_do(site, tmp_path, keys, index, said) -> None:
    site.pages["/llms.txt"] = index.encode()
    with pytest.raises(SourceError, match=f"source harbour: .*/llms.txt.*{said}"):
        get(site, tmp_path, **keys)


@pytest.mark.parametrize(
    ("answer", "said", "may_pass"),
    [
        ((404, {}, b""), "the server has no such page", False),
        ((401, {}, b""), "the key 'credentials' of the source names a credential", False),
        ((500, {}, b""), "no answer in 4 attempts: status 500", True),
        ((302, {"Location": "https://new.example.org/llms.txt"}, b""), "it leads to new.example.org", False),
    ],
)
def test_an_index_that_cannot_be_had_is_an_error_of_the_source(site, tmp_path, answer, said, may_pass) -> None:
    site.answers["/llms.txt"] = lambda headers: answer
    with pytest.raises(SourceError, match=said) as caught:
        get(site, tmp_path)
    assert caught.value.may_pass is may_pass


def test_pages_come_over_https_with_the_authority_of_the_settings(tmp_path) -> None:
    ca_file, certificate = authority(tmp_path)
    with running(server := Server(certificate)):
        site = Site(server)
        assert listed(site, get(site, tmp_path, FetchOptions(ca_bundle=ca_file)))["guides/start.md"] is None
        site.answers["/llms.txt"] = lambda headers: (302, {"Location": "http://127.0.0.1:9/llms.txt"}, b"")
        with pytest.raises(SourceError, match="not asked"):
            get(site, tmp_path, FetchOptions(ca_bundle=ca_file))


def test_the_index_alone_tells_what_would_be_asked_for(site) -> None:
    index = list_llms_txt(source(site), FetchOptions())
    assert [page.path for page in index.listing.wanted] == [
        "guides/start.md", "guides/berths.md", "guides/tides.md", "news",
    ]  # fmt: skip
    assert site.asked() == ["/llms.txt"]


def test_a_mark_that_no_request_can_hold_is_not_sent_back(site, tmp_path) -> None:
    sent: list[str | None] = []

    def answer(headers: Any) -> Answer:
        sent.append(headers["If-None-Match"])
        return 200, {**MARKDOWN, "ETag": ('"é"', '"' + "a" * 2_000 + '"')[len(sent) % 2]}, b"# Tides\n\nWords.\n"

    site.answers["/guides/tides.md"] = answer
    assert [get(site, tmp_path).warnings for _ in range(3)] == [(), (), ()]
    assert sent == [None, None, None]


def test_a_page_that_is_packed_unasked_is_unpacked_up_to_the_limit(site, tmp_path) -> None:
    for name, encoding, body in (
        ("start", "gzip", gzip.compress(b"# Start\n")),
        ("berths", "gzip", gzip.compress(b"words " * 100)),
        ("tides", "br", b"\x0b\x02"),
        ("tides2", "gzip", b"no gzip"),
        ("tides3", "gzip", gzip.compress(b"# Tides\n\nHigh and low.\n")[:-9]),
        ("tides4", "gzip", gzip.compress(b"# Tides\n") + gzip.compress(b"High and low.\n")),
    ):
        site.answers[f"/guides/{name}.md"] = lambda _, e=encoding, b=body: (200, {**MARKDOWN, "Content-Encoding": e}, b)
    site.pages["/llms.txt"] = INDEX.encode() + b"".join(b"- [%d](/guides/tides%d.md)\n" % (n, n) for n in (2, 3, 4))
    fetched = get(site, tmp_path, max_page_bytes=500)
    assert (fetched.root / "guides/start.md").read_bytes() == b"# Start\n"
    reasons = {file.path: file.reason or "" for file in fetched.left_out}
    assert "longer than 500 bytes" in reasons["guides/berths.md"]
    assert "sent as 'br'" in reasons["guides/tides.md"]
    assert "cannot be unpacked (gzip)" in reasons["guides/tides2.md"]
    assert "(gzip) ends before the page does" in reasons["guides/tides3.md"]
    assert "goes on behind its packed data (gzip)" in reasons["guides/tides4.md"]


def test_a_page_that_trickles_is_given_up_with_the_piece_that_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_LONGEST_PAGE_SECONDS", -1)
    sent = []

    def pieces() -> Iterator[bytes]:
        for number in range(5):
            sent.append(number)
            yield b"#"

    location = "https://harbour.example/llms.txt"
    source = LlmsTxtSource.model_validate({"name": "s", "kind": "llms_txt", "location": location})
    with asking.Asker(source, FetchOptions()) as asker:
        asker._client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=pieces())))
        with pytest.raises(asking._TryAgain, match="takes longer"):
            asker._once(location, {})
    assert sent == [0]


@pytest.mark.parametrize("status", [403, 404])
def test_a_site_without_any_of_the_pages_that_it_lists_fails_the_fetch(site, tmp_path, status) -> None:
    site.answers = dict.fromkeys(PAGES_ASKED, lambda headers: (status, {}, b""))
    with pytest.raises(SourceError, match=rf"none of the 4 pages that it lists .*{status}.*: mend location"):
        get(site, tmp_path)


def test_sources_with_parts_of_one_index_keep_their_own_copies(site, tmp_path) -> None:
    keys: tuple[dict[str, Any], ...] = (
        {"name": "one", "include": ["guides/**"]},
        {"name": "two", "include": ["news*"]},
    )

    def fetch_both() -> None:
        for key in keys:
            one = source(site).model_copy(update=key)
            fetch(one, base=tmp_path, cache=tmp_path / "cache")

    fetch_both()
    site.sent.clear()
    fetch_both()
    assert site.sent == []
