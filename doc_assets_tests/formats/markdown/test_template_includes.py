"""Template tags that take text from other files of the source: found ones are replaced, missing ones are counted."""

from __future__ import annotations

from doc_assets.document import Document
from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import parse


class Near:
    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def read(self, path: str) -> bytes | None:
        return self._files[path].encode() if path in self._files else None


def read(text: str, files: dict[str, str], path: str = "content/en/docs/concepts/page.md") -> Document:
    return parse(RawFile(path, text.encode(), neighbours=Near(files)))[0]


def texts(document: Document) -> list[str]:
    return [block.text for section in document.sections for block in section.blocks]


GLOSSARY = {
    "content/en/docs/reference/glossary/daemonset.md": (
        '---\ntitle: DaemonSet\n---\n Ensures a copy of a {{< glossary_tooltip text="Pod" term_id="pod" >}} runs.\n\n'
        "<!--more-->\n\nUsed for daemons.\n"
    )
}


def test_terms_have_the_title_and_the_definition_of_the_glossary() -> None:
    text = 'A {{< glossary_tooltip term_id="daemonset" >}} and a {{< glossary_tooltip term_id="job" >}}.\n\n'
    text += '{{< glossary_definition term_id="daemonset" length="short" prepend="A DaemonSet" >}}\n\n'
    text += '{{< glossary_definition term_id="daemonset" length="all" >}}\n'
    document = read(text, GLOSSARY)
    assert texts(document) == [
        "A DaemonSet and a job.",
        "A DaemonSet ensures a copy of a Pod runs.",
        "Ensures a copy of a Pod runs.",
        "Used for daemons.",
    ]
    assert "includes_missing" not in document.metadata
    missing = read('{{< glossary_definition term_id="job" length="all" prepend="A job is" >}}\n\nx\n', GLOSSARY)
    assert missing.metadata["includes_missing"] == 1


def test_partials_of_markdoc_and_reusables_of_github_are_replaced_or_counted() -> None:
    files = {
        "docs/partials/head.md": "---\nx: y\n---\nShared *words*.\n",
        "data/reusables/a/b.md": "Reused words.",
        "data/variables/product.yml": "short: Pool\nversion: 1.10\n",
    }
    text = '{% partial file="head.md" variables={a: "b"} /%}\n\n{% data reusables.a.b %}\n\n'
    text += (
        'On {% data variables.product.short %} {% data variables.product.version %}.\n\n{% partial file="no.md" /%}\n'
    )
    document = read(text, files, "docs/guide/page.md")
    assert texts(document) == ["Shared words.", "Reused words.", "On Pool 1.10."]
    assert (document.metadata["includes_missing"], document.metadata["first_include_missing"]) == (1, "no.md")


def test_a_listing_that_only_a_macro_finds_is_counted_and_its_title_stays() -> None:
    document = read("{{ go_example('DocX', title=\"Sets a constant\") }}\n\nSee {{ godoc('X') }}.\n", {})
    assert texts(document) == ["`DocX`\nSets a constant", "See `X`."]
    assert (document.metadata["includes_missing"], document.metadata["first_include_missing"]) == (1, "DocX")


def test_a_shortcode_in_a_listing_gives_the_lines_of_its_file() -> None:
    text = '```yaml\n{{< readfile file="examples/a.yaml" >}}\n```\n\n```yaml\n{{< readfile file="no.yaml" >}}\n```\n'
    document = read(text, {"content/en/examples/a.yaml": "kind: Pod\n"})
    assert texts(document) == ["kind: Pod", '{{< readfile file="no.yaml" >}}']


def test_tables_of_tags_are_tables() -> None:
    lists = "{% table %}\n* Key\n* Words\n---\n* `a`\n* One | two\n  more\n---\n* b\n* Three\n{% /table %}\n"
    assert texts(read(lists, {})) == ["Key | Words\n`a` | One | two more\nb | Three"]
    data = (
        "{% table %}\ncolumns:\n  - title: Command\n    key: c\n  - title: Words\n    key: w\nrows:\n"
        "  - c: get\n    w: Reads *it*\n  - c: put\n    w: |\n      Writes\n      it\n{% endtable %}\n"
    )
    assert texts(read(data, {})) == ["Command | Words\nget | Reads it\nput | Writes it"]
    listing = "{% table %}\n* Form\n* Code\n---\n* Tall\n* ```\n  x\n  ```\n{% /table %}\n"
    assert "x" in texts(read(listing, {}))


def test_reused_values_stand_in_sentences_and_listings() -> None:
    files = {
        "assets/docs/snippets/namespace.md": "pool-system\n",
        "assets/docs/snippets/before.md": "First, *install* it.\n\nThen wait.\n",
        "data/reusables/actions/checkout.md": "actions/checkout@v5",
    }
    text = (
        '{{< reuse "docs/snippets/before.md" >}}\n\nIn {{< reuse "docs/snippets/namespace.md" >}} only.\n\n'
        '```sh\nget -n {{< reuse "docs/snippets/namespace.md" >}} {{< reuse "docs/snippets/no.md" >}}\n```\n\n'
        "```yaml\nuses: {% data reusables.actions.checkout %}\n```\n"
    )
    document = read(text, files, "content/docs/page.md")
    assert texts(document) == [
        "First, install it.",
        "Then wait.",
        "In pool-system only.",
        'get -n pool-system {{< reuse "docs/snippets/no.md" >}}',
        "uses: actions/checkout@v5",
    ]
    hugo = read(f"---\nweight: 1\n---\n{text}", files, "content/docs/page.md")
    assert texts(hugo)[3] == "get -n pool-system <no>"


def test_links_that_github_titles_have_the_title_of_their_page() -> None:
    text = "See [AUTOTITLE](/actions/write-workflows#a) and [AUTOTITLE](/rest/users).\n"
    files = {"content/rest/users.md": "---\ntitle: Users of it\n---\nx\n"}
    assert texts(read(text, files, "content/actions/page.md")) == ["See Write workflows and Users of it."]
