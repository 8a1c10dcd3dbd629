"""Expressions of templates become the values that front matter, the page or the site's configuration state."""

from __future__ import annotations

import pytest

from doc_assets.document import Document
from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import parse


class Near:
    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def read(self, path: str) -> bytes | None:
        return self._files[path].encode() if path in self._files else None


def read(text: str, files: dict[str, str] | None = None, path: str = "docs/guide/page.md") -> Document:
    return parse(RawFile(path, text.encode(), neighbours=Near(files or {})))[0]


def texts(text: str, files: dict[str, str] | None = None, path: str = "docs/guide/page.md") -> list[str]:
    return [block.text for section in read(text, files, path).sections for block in section.blocks]


MACROS = {
    "docs/mkdocs.yml": (
        "site_name: Loader\nextra:\n  cli: 1.10\n  unit:\n    price: 9 EUR\nplugins:\n  - search\n"
        "  - macros:\n      include_yaml: [vars.yml]\nmarkdown_extensions:\n  - x: !!python/name:a.b\n"
    ),
    "docs/vars.yml": "proj: ebpf-go\n",
}


@pytest.mark.parametrize(
    ("text", "files", "expected"),
    [
        ("---\nversion: 1.20\n---\nUse {{ page.version }} now.\n", {}, ["Use 1.20 now."]),
        ("At {{ site.product.name }}.\n", {"_config.yml": "product:\n  name: Pool\n"}, ["At Pool."]),
        ("---\nmyst:\n  substitutions:\n    key: '**value**'\n---\nA {{ key }}.\n", {}, ["A value."]),
        ("A {{ key }}.\n", {"docs/_config.yml": "parse:\n  myst_substitutions:\n    key: book\n"}, ["A book."]),
        ("---\ntitle: T\nx: 3\n---\nA {{ $frontmatter.x }}.\n", {}, ["A 3."]),
        ("---\ntitle: T\nx: 3\n---\nA {% $frontmatter.x %}, {% $markdoc.frontmatter.x %}.\n", {}, ["A 3, 3."]),
        ("---\nrelease: v2\n---\nA {{< param release >}} b.\n", {}, ["A v2 b."]),
        ('A {{< param "ver" >}} b.\n', {"hugo.toml": '[params]\nver = "7"\n'}, ["A 7 b."]),
        ("A {{< var a.b >}} b.\n", {"_variables.yml": "a:\n  b: 1.0\n"}, ["A 1.0 b."]),
        ('A <code class="expr">space.vars.x</code>.\n', {".gitbook/vars.yaml": "x: word\n"}, ["A word."]),
        ('{% set tool = "podman" %}\n\nRun {{ tool }}.\n', {}, ["Run podman."]),
        (
            "{{ proj }} {{ cli }} is {{ unit.price }} at {{ config.site_name }}.\n",
            MACROS,
            ["ebpf-go 1.10 is 9 EUR at Loader."],
        ),
        ("A {{ of_python }} b, {{ x | default('y') }}.\n", MACROS, ["A of_python b, y."]),
        (
            "<script setup>\nconst a = 'Vue'\nconst n = ref(3)\n</script>\n\nHi {{ a }} {{ n }}: {{ n + 1 }}.\n",
            {},
            ["Hi Vue 3: n + 1."],
        ),
    ],
)
def test_stated_values_are_words(text: str, files: dict[str, str], expected: list[str]) -> None:
    assert texts(text, files) == expected


def test_an_unknown_name_stays_as_written_where_nothing_says_what_renders_it() -> None:
    assert texts("Write {{ name }} or {{ a.b }} in it.\n") == ["Write {{ name }} or {{ a.b }} in it."]


def test_listings_are_filled_where_the_tool_renders_them_and_are_verbatim_elsewhere() -> None:
    code = "go get {{ proj }}@{{ other }} ${{ proj }} {{ .Values.proj }}"
    text = f"```sh\n{code}\n```\n\nUse `{{{{ proj }}}}`.\n"
    assert texts(text, MACROS) == ["go get ebpf-go@<other> ${{ proj }} {{ .Values.proj }}", "Use `ebpf-go`."]
    assert texts(text, {"docs/mkdocs.yml": "extra:\n  proj: no\n"}) == [code, "Use `{{ proj }}`."]
    myst = f"---\nsubstitutions:\n  proj: x\n---\n{text}"
    assert texts(myst) == [code, "Use `{{ proj }}`."]
    jekyll = "---\nv: 2\n---\n```\n{{ page.v }} {{ site.p }} {{ other }}\n```\n"
    assert texts(jekyll, {"_config.yml": "p: pool\n"}) == ["2 pool {{ other }}"]
    assert texts(jekyll) == ["{{ page.v }} {{ site.p }} {{ other }}"]


def test_what_a_listing_assigns_is_no_value_of_the_page() -> None:
    code = '{% set a = "b" %}\n{{ a }}'
    assert texts(f"Say {{{{ a }}}} so.\n\n```jinja\n{code}\n```\n", MACROS)[1] == '{% set a = "b" %}\n<a>'
    assert texts(f"Say {{{{ a }}}} so.\n\n```jinja\n{code}\n```\n") == ["Say {{ a }} so.", code]
