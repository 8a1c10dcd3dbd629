"""Constants that an MDX page exports or imports stand in its text where its braces name them."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import parse


class Near:
    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def read(self, path: str) -> bytes | None:
        return self._files[path].encode() if path in self._files else None


def blocks(text: str, files: dict[str, str] | None = None) -> list[Block]:
    file = RawFile("docs/page.mdx", text.encode(), neighbours=Near(files or {}))
    return [block for section in parse(file)[0].sections for block in section.blocks]


SNIPPET = (
    'export const release = "v1.2";\nexport const ports = {api: 80, "in-side": [1, 2]};\nexport const F = () => <p/>\n'
)


@pytest.mark.parametrize(
    ("statement", "path", "module", "use", "expected"),
    [
        ('import { release } from "/snippets/vars.mdx"', "snippets/vars.mdx", SNIPPET, "{release}", "v1.2"),
        ("import {\n  release as r,\n  F\n} from './vars.js';", "docs/vars.js", SNIPPET, "{ r }", "v1.2"),
        ("import * as all from '@site/src/vars'", "src/vars.ts", SNIPPET, "{all.ports.api}", "80"),
        ("import { ports } from './vars'", "docs/vars.js", SNIPPET, "{ports['in-side'][1]}", "2"),
        ("import v from './v.json'", "docs/v.json", '{"cli": {"latest": "3.1"}}', "{v.cli.latest}", "3.1"),
        ("import { cli } from './v.yml'", "docs/v.yml", 'cli: "3.10"\n', "{cli}", "3.10"),
        ("import site from './site'", "docs/site.mjs", "export default { name: 'Pool' }", "{site.name}", "Pool"),
        ("import { n } from './n.cjs'", "docs/n.cjs", "const n = 'x';\nmodule.exports = { n }", "{n}", "x"),
    ],
)
def test_imported_literals_are_words(statement: str, path: str, module: str, use: str, expected: str) -> None:
    assert [b.text for b in blocks(f"{statement}\n\nUse {use} now.\n", {path: module})] == [f"Use {expected} now."]


def test_own_constants_are_words_titles_and_parts_of_listings() -> None:
    text = (
        'export const v = "v1.2"\n\n## Upgrade to {v}\n\n<Card title={v}>\n\nSee `{v}` and {w}.\n\n</Card>\n\n'
        "<CodeBlock>\n{`curl ${v}`}\n</CodeBlock>\n\n```sh\n{v}\n```\n"
    )
    assert blocks(f"x\n\n{text}") == [
        Block("x"),
        Block("v1.2"),
        Block("See `{v}` and {w}."),
        Block("curl v1.2", "code"),
        Block("{v}", "code"),
    ]


def test_imported_data_is_a_table_where_a_component_shows_it() -> None:
    files = {"docs/chains.json": '[{"chain": "Sui", "address": "0x1"}, {"chain": "Ton", "address": "EQ"}]'}
    assert blocks("import chains from './chains.json'\n\n<Table rows={chains} />\n", files) == [
        Block("chain | address\nSui | 0x1\nTon | EQ", "table")
    ]


def test_a_module_outside_of_the_source_or_without_the_name_leaves_the_braces() -> None:
    assert blocks("import { a } from '../../etc/a.js'\n\nUse {a}.\n") == [Block("Use {a}.")]
    assert blocks("import { a } from './a.js'\n\nUse {a}.\n", {"docs/a.js": "export const b = 1"}) == [
        Block("Use {a}.")
    ]
