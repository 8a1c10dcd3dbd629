"""Answers: facts of hits, what is shown around them, budgets, cursors, documents in pages."""

from __future__ import annotations

import pytest

from doc_assets.errors import Misuse, NotFound
from doc_assets.search.choices import Around
from doc_assets.serving.answers import SearchQuery
from doc_assets.serving.service import Service
from doc_assets_tests.support.library import Library


def ask(service: Service, q: str, **how: object):
    return service.search(SearchQuery.model_validate({"q": q, "mode": "text", **how}))


def test_a_hit_says_what_it_is_where_it_is_from_and_of_which_version(service: Service) -> None:
    (hit,) = ask(service, "installer root", source=["cilium-1.15"]).hits
    assert hit.id == "kubernetes/cilium-1.15/install.md"
    assert (hit.title, hit.heading_path) == ("Installing Cilium", ("Install", "On Linux"))
    assert hit.url == "https://docs.example/1.15.0/install.md#on-linux"
    assert (hit.product, hit.version, hit.date, hit.licence) == ("cilium", "1.15.0", "2026-05-01", "Apache-2.0")
    assert hit.passages[0].text == "Run the installer as root."
    assert hit.tokens == sum(passage.tokens for passage in hit.passages) > 0


@pytest.mark.parametrize(
    ("around", "first", "last"),
    [
        ("passage", "Unpack", "somewhere."),
        ("neighbours", "Fetch", "as root."),
        ("section", "## Install", "as root."),
        ("page", "Cilium connects", "wording 15."),
    ],
)
def test_a_hit_is_as_wide_as_asked_for(service: Service, around: str, first: str, last: str) -> None:
    (hit,) = ask(service, "unpack somewhere", source=["cilium-1.15"], around=around).hits
    assert hit.passages[0].text.startswith(first) and hit.passages[0].text.endswith(last)


def test_what_does_not_fit_is_narrower_or_left_out_and_named(service: Service) -> None:
    whole = ask(service, "a worker waits", around="page")
    assert whole.left_out == () and len(whole.hits) == 10
    # 10 notes of about a dozen tokens each: some are left out.
    small = ask(service, "a worker waits", around="page", max_tokens=100, k=20)
    assert 0 < sum(hit.tokens for hit in small.hits) <= 100
    assert len(small.hits) + len(small.left_out) == 20
    assert all(one.get == f"GET /v1/documents/{one.id}" and one.tokens > 0 for one in small.left_out)


def test_what_is_too_long_to_be_read_is_named_all_the_same(service: Service) -> None:
    answer = ask(service, "tides lanterns", around="page", max_tokens=100)
    (hit,), (rest,) = answer.hits, answer.left_out
    whole = service.document(hit.id, max_tokens=10_000).tokens
    assert rest.id == hit.id and abs(hit.tokens + rest.tokens - whole) < whole / 4


def test_documents_of_one_file_are_results_of_their_own_on_each_page(service: Service) -> None:
    first = ask(service, "green task", k=1)
    second = ask(service, "green task", k=1, cursor=first.cursor)
    found = {hit.id for answer in (first, second) for hit in answer.hits}
    assert found == {"rust/tokio/crate.json@fn.tokio::spawn", "rust/tokio/crate.json@struct.tokio::Runtime"}


def test_pages_of_results_hold_each_result_once(service: Service) -> None:
    ids: list[str] = []
    cursor = None
    for _ in range(20):
        answer = ask(service, "worker waits number", k=7, source=["tokio"], cursor=cursor)
        ids += [hit.id for hit in answer.hits]
        cursor = answer.cursor
        if cursor is None:
            break
    assert len(ids) == len(set(ids)) == 25


def test_a_cursor_of_another_request_and_one_that_is_none_are_refused(service: Service) -> None:
    cursor = ask(service, "worker", k=2).cursor
    assert cursor is not None
    with pytest.raises(Misuse, match="another request"):
        ask(service, "agent", k=2, cursor=cursor)
    for wrong in ("x", "bm9uZQ", cursor[:-3]):
        with pytest.raises(Misuse, match="leave it out"):
            ask(service, "worker", k=2, cursor=wrong)


def test_a_document_comes_in_pages_that_are_its_text(service: Service, served: Library) -> None:
    id = "kubernetes/cilium-1.15/install.md"
    whole = service.document(id, max_tokens=10_000)
    assert (whole.pages, whole.cursor) == (1, None)
    assert whole.text.startswith("Cilium connects containers.\n\n## Install\n\nFetch")
    texts, cursor = [], None
    while True:
        part = service.document(id, max_tokens=20, cursor=cursor)
        texts.append(part.text)
        if (cursor := part.cursor) is None:
            break
    assert len(texts) == part.pages > 2
    assert "\n\n".join(texts) == whole.text
    with pytest.raises(NotFound, match=f"has {part.pages} pages"):
        service.document(id, max_tokens=20, page=99)


def test_the_page_of_a_passage_is_found_by_its_place(service: Service) -> None:
    (hit,) = ask(service, "agent before upgrade", source=["cilium-1.15"]).hits
    passage = hit.passages[0]
    page = service.document(hit.id, max_tokens=20, at=passage.start)
    assert page.page > 1 and page.text[passage.start - page.start :].startswith(passage.text)
    assert page.published_at is not None


def test_each_document_of_a_file_of_several_has_an_id(service: Service) -> None:
    for hit in ask(service, "green task", k=5).hits:
        found = service.document(hit.id, max_tokens=1000)
        assert (found.id, found.title, found.digest) == (hit.id, hit.title, hit.digest)
    assert service.document("rust/tokio/crate.json@1", max_tokens=1000).title == "Struct Runtime"
    assert service.document("rust/tokio/crate.json", max_tokens=1000).title == "Function spawn"


def test_an_unknown_document_says_what_exists(service: Service) -> None:
    with pytest.raises(NotFound, match=r"did you mean 'rust'"):
        service.document("ruts/tokio/x.md", max_tokens=1000)
    with pytest.raises(NotFound, match=r"did you mean 'tokio'"):
        service.document("rust/toki/x.md", max_tokens=1000)
    with pytest.raises(NotFound, match="list the contents of the source"):
        service.document("rust/tokio/x.md", max_tokens=1000)
    for wrong in ("rust", "rust/tokio/\0.md"):
        with pytest.raises(Misuse, match="TYPE/SOURCE/PATH"):
            service.document(wrong, max_tokens=1000)


def test_sources_have_snapshot_digest_and_counts(service: Service) -> None:
    answer = service.sources()
    names = [f"{one.type}/{one.source}" for one in answer.sources]
    assert names == [
        "kubernetes/cilium-1.14",
        "kubernetes/cilium-1.15",
        "kubernetes/cilium-1.16",
        "rust/handbook",
        "rust/tokio",
    ]
    assert [one.documents for one in answer.sources] == [2, 2, 2, 1, 27]
    assert answer.state == service.state() == ask(service, "worker").state


def test_sources_tell_products_versions_licences_and_scopes(service: Service) -> None:
    cilium, *_, tokio = service.sources().sources
    assert (cilium.products, cilium.licences, cilium.scopes) == (("cilium",), ("Apache-2.0",), ("networking", "async"))
    assert [(v.version, v.documents) for v in tokio.versions] == [("1.40.0", 27)]
    assert service.sources().scopes["async"] == ("rust/tokio", "kubernetes/cilium-1.14")


def test_a_named_scope_is_searched_and_an_unknown_one_is_an_error_that_names_what_exists(service: Service) -> None:
    found = {hit.source for hit in ask(service, "worker handbook new notes agent", scope=["async"], k=50).hits}
    assert found == {"tokio", "cilium-1.14"}
    with pytest.raises(NotFound, match=r"no scope 'asinc' \(did you mean 'async'\?\): there are async, networking"):
        ask(service, "worker", scope=["asinc"])


def test_a_source_may_be_named_with_its_type(service: Service) -> None:
    assert {hit.source for hit in ask(service, "worker", source=["rust/handbook"]).hits} == {"handbook"}
    with pytest.raises(NotFound, match="did you mean"):
        ask(service, "worker", source=["rust/hanbook"])


def test_around_names_are_those_of_the_api() -> None:
    assert [one.value for one in Around] == ["passage", "neighbours", "section", "page"]
