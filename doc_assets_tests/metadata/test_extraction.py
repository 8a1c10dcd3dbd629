"""Properties of the standard fields: where each fact comes from, who is believed, and that its type is fixed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from doc_assets.document import Block, Document, JsonValue, Section
from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import parse
from doc_assets.metadata import FIELDS, describe, normalised
from doc_assets.validation.audit import audit
from doc_assets_tests.support.loading import SmallSource, load, loader_for, settings_for


def told(
    metadata: dict[str, JsonValue],
    path: str = "page.md",
    doc_type: str = "kubernetes",
    document_format: str = "markdown",
    blocks: tuple[str, ...] = ("text",),
    sections: tuple[Section, ...] = (),
    **attributes: str,
) -> dict[str, JsonValue]:
    section = Section((), None, tuple(Block(text) for text in blocks))
    return describe(Document("T", document_format, (section, *sections), metadata), doc_type, attributes, path)


def test_facts_of_the_source_and_of_the_page_stand_side_by_side():
    facts = told({"title": "A", "tags": ["x"]}, product="Cilium", licence="MIT", team="network")
    assert facts == {"title": "A", "tags": ["x"], "product": "cilium", "licence": "MIT", "team": "network"}


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"weight": 40}, {"order": 40}),
        ({"sidebar_position": "3"}, {"order": 3}),
        ({"sidebar_position": "0.5"}, {"sidebar_position": "0.5"}),
        ({"order": 1, "weight": 2}, {"order": 1, "weight": 2}),
        ({"keywords": "ebpf, xdp,ebpf"}, {"tags": ["ebpf", "xdp"]}),
        ({"tags": ["a"], "categories": ["b", "a"], "category": "c"}, {"tags": ["a", "b", "c"]}),
        ({"tags": 5}, {"tags": ["5"]}),
        ({"tags": {"a": 1}}, {"front_matter.tags": {"a": 1}}),
        ({"publishDate": "2024-05-31T10:00:00Z"}, {"date": "2024-05-31"}),
        ({"date": "last week"}, {"front_matter.date": "last week"}),
        ({"lastmod": "2024/05/31"}, {"updated": "2024-05-31"}),
        ({"canonical": "https://example.org/a"}, {"url": "https://example.org/a"}),
        ({"url": "/a/"}, {"front_matter.url": "/a/"}),
        ({"permalink": "/a/"}, {"permalink": "/a/"}),
        ({"description": ["no", "text"]}, {"front_matter.description": ["no", "text"]}),
        ({"license": "MIT"}, {"licence": "MIT"}),
        ({"version": 2}, {"version": "2"}),
        ({"version": True}, {"front_matter.version": True}),
        ({"language": "en", "kernel": "5.8"}, {"front_matter.language": "en", "front_matter.kernel": "5.8"}),
        ({"product": "", "chapter": None}, {"front_matter.product": "", "front_matter.chapter": None}),
    ],
)
def test_front_matter_fills_the_standard_fields_and_keeps_what_does_not_fit_under_its_own_name(stated, expected):
    assert told(stated) == expected


def test_notebooks_and_rustdoc_say_which_language_crate_and_item_they_are_about():
    facts = told({"kernel": "Python 3", "language": "Python", "nbformat": 4}, document_format="notebook")
    assert facts == {"kernel": "Python 3", "language": "python", "nbformat": 4}
    page: dict[str, JsonValue] = {
        "crate": "serde-json",
        "version": "1.0.9",
        "item_kind": "function",
        "path": "serde_json::from_str",
    }
    facts = told(page, document_format="rustdoc_html", crate="serde", licence="MIT")
    assert facts == {
        "crate": "serde_json",
        "crate_version": "1.0.9",
        "item_kind": "fn",
        "item_path": "serde_json::from_str",
        "licence": "MIT",
    }


@pytest.mark.parametrize(
    ("path", "stated", "attributes", "version"),
    [
        ("talos/v1.14/reference/x.mdx", {}, {}, "1.14"),
        ("docs/1.2.x/k8s/v1.30/x.md", {}, {}, "1.2.x"),
        ("release-1.30/x.md", {}, {}, "1.30"),
        ("docs/v4/x.md", {}, {}, "4"),
        ("docs/v4/x.md", {"version": "3"}, {}, "3"),
        ("v1.14/x.md", {"version": "0.1"}, {}, "1.14"),
        ("v1.14/x.md", {"version": "0.1"}, {"version": "v1.19"}, "1.19"),
        ("v1.14.md", {}, {}, None),
        ("v1alpha1/2024/x.md", {}, {}, None),
    ],
)
def test_the_version_is_the_catalogues_else_the_folders_else_the_pages(path, stated, attributes, version):
    facts = told(stated, path, **attributes)
    assert facts.get("version") == version
    if "version" in stated and stated["version"] != version:
        assert facts["front_matter.version"] == stated["version"]


@pytest.mark.parametrize(
    ("document_format", "stated", "attributes", "version"),
    [
        ("rst", {}, {"product": "linux"}, None),
        ("rst", {}, {"product": "linux", "version": "6.1"}, "6.1"),
        ("rst", {}, {"product": "linux", "version": "page"}, "1.14a"),
        ("rst", {"product": "tlan"}, {}, "1.14a"),
        ("rst", {}, {}, "1.14a"),
        ("markdown", {}, {"product": "linux"}, "1.14a"),
    ],
)
def test_the_version_of_a_text_is_none_of_the_product_that_the_catalogue_names_unless_that_says_so(
    document_format, stated, attributes, version
):
    facts = told({"version": "1.14a"} | stated, document_format=document_format, **attributes)
    assert facts.get("version") == version
    assert version == "1.14a" or facts["front_matter.version"] == "1.14a"


def test_pages_about_ebpf_say_kernel_version_program_types_and_kind_of_item():
    users = Section(("Usage", "Program types"), None, (Block("- `BPF_PROG_TYPE_XDP`\n- BPF_PROG_TYPE_SK_SKB", "list"),))
    helper = told({}, "linux/helper-function/bpf_x.md", "ebpf", blocks=("v4.8", "It does x."), sections=(users,))
    assert helper == {"kernel_version": "4.8", "program_type": ["xdp", "sk_skb"], "item_kind": "helper"}
    own = told({}, "linux/program-type/BPF_PROG_TYPE_LSM.md", "ebpf", blocks=("v5.7",), sections=(users,))
    assert own == {"kernel_version": "5.7", "program_type": ["lsm"], "item_kind": "program_type"}
    assert told({}, "book/programs/tracepoints.md", "ebpf") == {
        "program_type": ["tracepoint"],
        "item_kind": "program_type",
    }
    assert told({}, "bpf/prog_sk_lookup.rst", "ebpf")["program_type"] == ["sk_lookup"]
    assert told({}, "linux/helper-function/index.md", "ebpf", blocks=("Since v4.8 there are helpers.",)) == {}
    assert told({}, "linux/helper-function/bpf_x.md", "rust", blocks=("v4.8",)) == {}
    assert "kernel_version" not in told({}, "ebpf-library/libbpf/f.md", "ebpf", blocks=("0.2",))


def test_a_page_of_html_states_its_own_address():
    data = b"<html><head><link rel='canonical' href='https://example.org/a'></head><main><p>text</p></main></html>"
    (document,) = parse(RawFile("a.html", data), "html")
    assert describe(document, "rust", {}, "a.html") == {"url": "https://example.org/a"}


def test_the_address_of_somebody_else_s_article_is_the_document_s():
    document = Document("T", "markdown", (), {"externalUrl": "https://blog.example/a", "path": "/blog/a"})
    assert describe(document, "ebpf", {}, "a.md") == {"url": "https://blog.example/a", "path": "/blog/a"}


def test_the_chapter_is_the_title_above_the_document():
    section = Section((), None, (Block("text"),))
    document = Document("T", "markdown", (section,), {}, parents=("Book", "Part II"))
    assert describe(document, "rust", {}, "a.md") == {"chapter": "Part II"}
    numbered = replace(document, metadata={"number": "10.1.14"})
    assert describe(numbered, "rust", {}, "a.md") == {"chapter": "Part II", "number": "10.1.14"}


@pytest.mark.parametrize(
    "hostile",
    [None, True, 1.5, 10**30, "", "   ", "x" * 10_000, ["a", ["b"], {"c": 1}, None, 2], {"a": {"b": "c"}}, ["x"] * 999],
)
def test_a_standard_field_has_its_type_whatever_a_page_says(hostile):
    types = {"string": str, "integer": int, "strings": list}
    names = {name for field in FIELDS.values() for name in (field.name, *field.synonyms)}
    for document_format in ("markdown", "notebook", "rustdoc_json"):
        facts = told(dict.fromkeys(names, hostile), document_format=document_format, version="1", order="x")
        for name, field in FIELDS.items():
            if name in facts:
                assert type(facts[name]) is types[field.type], name
                assert normalised(field, facts[name]) == facts[name]
                if isinstance(members := facts[name], list):
                    assert members and all(type(member) is str for member in members)


@pytest.fixture
def sound(tmp_path, store):
    source = SmallSource(tmp_path / "source")
    source.write("v1.2/a.md", "---\nweight: 3\ntags: [x]\ndescription: d\n---\n# A\n\nSome text of a page.\n")
    loader, _ = loader_for(settings_for(tmp_path, store), store)
    return load(loader, store, source).snapshot


def test_a_load_stores_the_standard_fields(store, sound):
    with store.connect() as connection:
        (stored,) = connection.execute("SELECT metadata FROM document").fetchone()
    assert stored == {"order": 3, "tags": ["x"], "description": "d", "version": "1.2"}


def test_the_audit_finds_a_standard_field_of_another_type(store, sound):
    for damage in ('"order": 1.5', '"order": "1"', '"tags": "x"', '"tags": [1]', '"version": 2', '"crate": null'):
        with store.connect() as connection:
            connection.execute("UPDATE document SET metadata_json = %s", ("{" + damage + "}",))
        (result,) = audit(store, sound, ["schema"])
        assert [offender.split(":")[0] for offender in result.findings] == ["metadata_types"], damage
    with store.connect() as connection:  # a snapshot from before there were standard fields
        connection.execute("UPDATE snapshot SET recipe = '{}'")
    assert audit(store, sound, ["schema"])[0].passed
