"""Components: labels of tabs, data in properties, fields and listings keep their words; targets and styles do not."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import parse


def blocks(text: str, name: str = "docs/page.mdx") -> list[Block]:
    return [block for section in parse(RawFile(name, text.encode()))[0].sections for block in section.blocks]


def texts(text: str, name: str = "docs/page.mdx") -> list[str]:
    return [block.text for block in blocks(text, name)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Docusaurus: a value is the label of a tab without one; labels may stand in the group.
        ('<Tabs>\n<TabItem value="macOS" default>\n\nx\n\n</TabItem>\n</Tabs>', ["macOS", "x"]),
        (
            "<Tabs defaultValue=\"b\" values={[{label: 'Stable one', value: 'a'}, {label: 'Nightly', value: 'b'}]}>\n"
            '<TabItem value="b">\n\ny\n\n</TabItem>\n<TabItem value="a">\n\nx\n\n</TabItem>\n</Tabs>',
            ["Nightly", "y", "Stable one", "x"],
        ),
        # Nextra and Fumadocs: labels in order
        (
            "<Tabs items={['pnpm', 'npm']}>\n<Tabs.Tab>x</Tabs.Tab>\n<Tabs.Tab>y</Tabs.Tab>\n</Tabs>",
            ["pnpm", "x", "npm", "y"],
        ),
        ('<Tabs items={["A b", "C"]}>\n<Tab value="A b">\nx\n</Tab>\n</Tabs>', ["A b", "x"]),
        # Starlight, Mintlify
        ('<Tabs>\n<TabItem label="Stars" icon="star">x</TabItem>\n</Tabs>', ["Stars", "x"]),
        ('<Tabs>\n  <Tab title="npm" icon="js">\n    x\n  </Tab>\n</Tabs>', ["npm", "x"]),
        # Radix: labels stand first
        (
            '<Tabs defaultValue="a">\n<TabsList>\n<TabsTrigger value="a">Account</TabsTrigger>\n'
            '<TabsTrigger value="p">Password</TabsTrigger>\n</TabsList>\n'
            '<TabsContent value="a">\n\nx\n\n</TabsContent>\n'
            '<TabsContent value="p">\n\ny\n\n</TabsContent>\n</Tabs>',
            ["Account", "x", "Password", "y"],
        ),
        # Tabs in tabs keep their own labels
        (
            "<Tabs items={['One', 'Two']}>\n<Tab>\n<Tabs items={['I', 'II']}>\n<Tab>\na\n</Tab>\n<Tab>\nb\n</Tab>\n"
            "</Tabs>\n</Tab>\n<Tab>\nc\n</Tab>\n</Tabs>",
            ["One", "I", "a", "II", "b", "Two", "c"],
        ),
    ],
)
def test_a_label_stands_before_each_tab(text: str, expected: list[str]) -> None:
    assert texts(f"# T\n\n{text}\n") == expected


def test_a_page_that_is_no_mdx_has_the_labels_of_tabs_too() -> None:
    text = (
        '# T\n\n<Tabs>\n<TabItem value="macOS">\n\nx\n\n</TabItem>\n'
        '<TabItem value="b" label="Big">\n\ny\n\n</TabItem>\n</Tabs>\n'
    )
    assert texts(text, "docs/page.md") == ["macOS", "x", "Big", "y"]


def test_objects_with_the_same_keys_are_a_table_without_links() -> None:
    entries = (
        '{[\n  { name: "Program", value: "PytERJ", link: true },\n'
        '  { name: "A | b", value: "stag1", link: false, },\n]}'
    )
    text = f"<Addresses explorer={{'https://x.example/$ADDRESS'}} entries={entries} />\n"
    assert blocks(text) == [Block("name | value\nProgram | PytERJ\nA | b | stag1", "table")]
    assert blocks(f"export const rows = {entries[1:-1]}\n\n<Addresses rows={{rows}} />\n") == blocks(text)
    assert blocks('<Plans rows={[{feature: "SSO", free: false, pro: true}, {feature: "API", free: true}]} />\n') == [
        Block("feature | free | pro\nSSO | no | yes\nAPI | yes", "table")
    ]


def test_objects_by_their_name_are_a_table_and_identifiers_are_shown_where_they_are_the_content() -> None:
    text = "<TypeTable type={{ port: { type: 'number', default: '80' }, host: { type: 'string', default: 'me' } }} />\n"
    assert blocks(text) == [Block("name | type | default\nport | number | 80\nhost | string | me", "table")]
    text = '<Feeds list={[{symbol: "BTC/USD", id: "0xe6"}, {symbol: "ETH/USD", id: "0xff"}]} />\n'
    assert blocks(text) == [Block("symbol | id\nBTC/USD | 0xe6\nETH/USD | 0xff", "table")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<Features list={["Fast reads", "Safe writes"]} />', ["- Fast reads\n- Safe writes"]),
        (
            "<DocCard item={{type: 'link', href: 'https://a.b/c', label: 'Rust SDK', "
            "description: 'It\\'s the core.'}} />",
            ["Rust SDK\nIt's the core."],
        ),
        (
            "<Videos list={[{ id: 'PLDg', label: 'First talk' }, { id: 'PLDh', label: 'Next' }]} />",
            ["- First talk\n- Next"],
        ),
        ("<Gallery images={[{ src: one, alt: '' }, { src: two, alt: '' }]} />\n\nx", ["x"]),
        ("<Chart data={[1, 2]} className='a b' style={{color: 'dark red'}} />\n\nx", ["x"]),
        (
            '<Update label="v1" description="June" tags={["Core", "CLI"]} rss={{title: "In it"}}>\n\nx\n\n</Update>',
            ["v1\nJune\nCore, CLI", "x"],
        ),
        (
            '<ParamField path="id" type="string" required default="9">\n  The id.\n</ParamField>',
            ["id string required default: 9", "The id."],
        ),
        (
            '<ResponseField name="at" type="int" required={true} deprecated>\n  When.\n</ResponseField>',
            ["at int required deprecated", "When."],
        ),
        ('<Expandable title="more">\n\nx\n\n</Expandable>', ["more", "x"]),
        ('<Frame caption="The map"><img src="/a.png" alt="A map of it" /></Frame>', ["The map", "A map of it"]),
        (
            '<Hero tagline="Fast and safe" image="/a.png" onClick={() => go("Not this text")}>\n\nx\n\n</Hero>',
            ["Fast and safe", "x"],
        ),
        ("<Code lang='sh' code={`if x; then\n    y\nfi`} />", ["if x; then\n    y\nfi"]),
        ('<PackageManagerTabs command="add pool-sdk" />', ["add pool-sdk"]),
        ('<Image src={map} alt="A map of it" placeholder="blur" />', ["A map of it"]),
    ],
)
def test_properties_give_their_words(text: str, expected: list[str]) -> None:
    assert texts(f"# T\n\n{text}\n") == expected


def test_code_in_a_property_is_a_listing() -> None:
    assert blocks('<Code lang="sh" code="run *x* {y}" />\n') == [Block("run *x* {y}", "code")]


@pytest.mark.parametrize("name", ["src/page.md", "docs/page.mdx"])
def test_a_numbered_listing_says_its_file_and_number(name: str) -> None:
    text = (
        '# T\n\n<Listing number="2-1" file-name="src/main.rs" caption="Asks for a `guess`">\n\n```rust\nx\n```\n\n'
        '</Listing>\n\n<Listing number="2-2">\n\ny\n\n</Listing>\n'
    )
    assert texts(text, name) == ["Filename: src/main.rs\nListing 2-1: Asks for a `guess`", "x", "Listing 2-2", "y"]


def test_words_of_a_tag_and_of_its_body_are_apart_in_a_page_that_is_no_mdx() -> None:
    assert texts('Some <Tab name="One">body</Tab> here.\n', "a.md") == ["Some One\nbody here."]
    assert texts('<Box title="Head" @click="x">body</Box>\n', "a.md") == ["Head\nbody"]


def test_labels_that_a_list_of_tabs_holds_stand_before_their_bodies() -> None:
    labels = "<TabList><Tab>One</Tab><Tab>Two</Tab></TabList>"
    text = f"<Tabs>\n{labels}\n<TabPanel>1</TabPanel>\n<TabPanel>2</TabPanel>\n</Tabs>"
    assert texts(text) == ["One", "1", "Two", "2"]


def test_a_label_that_is_an_element_is_left_out() -> None:
    text = "<Tabs items={[{ label: <b>Rich</b>, disabled: true }, 'Plain']}>\n<Tab>1</Tab>\n<Tab>2</Tab>\n</Tabs>"
    assert texts(text) == ["1", "Plain", "2"]


def test_strings_in_braces_in_cells_and_items_are_words() -> None:
    assert texts(
        "<table>\n<tr><th>A</th><th>{'B b'}</th></tr>\n<tr><td>{\"<\"}c{'>'}:{\"{\"}</td><td>d</td></tr>\n</table>"
    ) == ["A | B b\n<c>:{ | d"]
