"""MDX: components unwrapped, statements dropped, text that only looks like JSX kept."""

from __future__ import annotations

import time

import pytest

from doc_assets.document import Block, Document, lay_out
from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.format import MarkdownFormat, MdxFormat
from doc_assets.formats.markdown.jsx import Page, _Scanner, imports_components


def read(text: str) -> Document:
    return MdxFormat().parse(RawFile("guide/page.mdx", text.encode()))[0]


def blocks(text: str) -> list[Block]:
    return [block for section in read(text).sections for block in section.blocks]


def texts(text: str) -> list[str]:
    return [block.text for block in blocks(text)]


def test_imports_exports_and_comments_are_dropped() -> None:
    text = (
        "---\ntitle: T\n---\nimport { A } from '@x/a'\nimport {\n  B,\n  C\n} from \"y\";\nimport './style.css'\n\n"
        "export const meta = {\n  a: [1, 2],\n\n  b: `x\n}`,\n}\n\n"
        "export default function F() {\n  return <p>don't</p>\n}\n\n"
        "{/* a\n\n comment */}\n{\n  /* on lines\n  of its own */\n}\n<!-- another -->\nText.\n"
    )
    assert texts(text) == ["Text."]


def test_prose_that_starts_with_import_or_export_stays() -> None:
    text = "import the key with care, from 'here' on.\n\nexport controls apply.\n"
    assert texts(text) == ["import the key with care, from 'here' on.", "export controls apply."]


def test_components_give_their_titles_and_what_they_hold() -> None:
    text = (
        '<Steps>\n  <Step title="Install it">\n    Run this:\n\n    ```bash\n    npm i\n      x\n    ```\n'
        "    - one\n    - two\n      - sub\n  </Step>\n</Steps>\n\n"
        '<CardGroup cols={2}>\n  <Card title="Docs" icon="book" href="/docs">Read [them](/x).</Card>\n</CardGroup>\n'
    )
    assert blocks(text) == [
        Block("Install it"),
        Block("Run this:"),
        Block("npm i\n  x", "code"),
        Block("- one\n- two\n  - sub", "list"),
        Block("Docs"),
        Block("Read them."),
    ]


def test_components_with_expressions_and_quotes_in_attributes_are_unwrapped() -> None:
    text = "<Tab title={'A > B'} style={{a: 1, b: '}'}} onClick={() => x}>\nInside.\n</Tab>\n"
    assert texts(text) == ["A > B", "Inside."]


def test_inline_components_and_html_do_not_break_a_sentence() -> None:
    text = 'Send <Tooltip tip="SOL">coins</Tooltip> to <CopyAddress address="5quB"/> <b>now</b>{" "}please.<br/>\n'
    assert texts(text) == ["Send SOL coins to 5quB now please."]


def test_fields_say_their_name_and_type() -> None:
    text = '<ParamField query="mint" type="string" required>\n  The mint.\n</ParamField>\n'
    assert texts(text) == ["mint string required", "The mint."]


def test_generics_comparisons_and_maths_are_text() -> None:
    text = "A `Vec<T>` or Vec<T>, if a < b && c > d, price<100, <YOUR IP>, $x < y$ and $$\\sum_{i<n} a_i$$.\n"
    assert texts(text) == [
        "A `Vec<T>` or Vec<T>, if a < b && c > d, price<100, <YOUR IP>, $x < y$ and $$\\sum_{i<n} a_i$$."
    ]


def test_expressions_in_prose_stay_as_text() -> None:
    assert texts("Version {props.version} of {'it'}.\n") == ["Version {props.version} of it."]


def test_code_is_not_touched() -> None:
    code = "import x from 'y'\nexport const a = <Card title='x'>{b}</Card> // {/* c */}"
    assert texts(f"<Tabs>\n  ```jsx\n  {code.replace(chr(10), chr(10) + '  ')}\n  ```\n</Tabs>\n") == [code]
    assert texts("Use `<Card title='x'>` or ``{/* `c` */}``.\n") == ["Use `<Card title='x'>` or `{/* `c` */}`."]


def test_template_literals_that_components_show_are_listings() -> None:
    text = "Run:\n\n<CodeBlock lang='sh'>\n{`\n# not a heading\ncurl \\`x\\` ${v}\n\n  --flag`}\n</CodeBlock>\n"
    text += "\nNow {`it`} works.\n"
    assert blocks(text) == [
        Block("Run:"),
        Block("# not a heading\ncurl `x` ${v}\n\n  --flag", "code"),
        Block("Now it works."),
    ]
    assert blocks("```jsx\n{`a`}\n```\n") == [Block("{`a`}", "code")]


def test_markdown_inside_html_is_read() -> None:
    text = '<div className="x" style={{ color: "red" }}>\n**Bold** [link](/y)\n\n## Heading\n\nText.\n</div>\n'
    assert lay_out(read(text))[0] == "Bold link\n\n## Heading\n\nText."


def test_an_anchor_before_a_heading_names_it() -> None:
    assert read('x\n\n<a name="common.Data"></a>\n\n## Data\n\ny\n').sections[1].anchor == "common.Data"


def test_the_description_that_the_page_shows_is_text() -> None:
    assert texts("---\ntitle: T\ndescription: What it does.\n---\nBody.\n") == ["What it does.", "Body."]


@pytest.mark.parametrize(
    "broken",
    [
        'import {Card from "x"\n\n<Card title="never closed\n\nkept words\n\n{ unclosed `\n\n</Wrong></Card',
        "export const a = {\n\nkept words\n",
        "{/* never closed\n\nkept words\n",
        "<Card title={never>\n\nkept words\n",
        "<><Card>\n</>kept words\n",
        "a <b kept words\n\n<T",
    ],
)
def test_broken_jsx_swallows_no_text(broken: str) -> None:
    assert "kept words" in lay_out(read(f"# T\n\n{broken}\n\nlast words\n"))[0]
    assert "last words" in lay_out(read(f"# T\n\n{broken}\n\nlast words\n"))[0]


@pytest.mark.parametrize(
    "piece",
    [
        "<A ",
        '<A "',
        "<A {",
        "<A x={`",
        "{",
        "{`",
        "`` ",
        "{/*",
        "<!-- ",
        "export const a = (\n",
        "import {a\n",
        "<Foo\n",
    ],
)
def test_pieces_of_jsx_without_an_end_swallow_no_text(piece: str) -> None:
    assert "last words" in lay_out(read(f"# T\n\n{piece * 20}\n\nlast words\n"))[0]


def scanned(text: str, **limits: int) -> str:
    return _Scanner(text, Page(frozenset({"Card", "Tip"})), **limits).run()


def test_a_tag_longer_than_any_real_one_is_text() -> None:
    assert "nnn" not in scanned(f"<Card note='{'n' * 4_900}'>")
    assert "nnn" in scanned(f"<Card note='{'n' * 5_100}'>")


def test_a_line_is_read_so_far_around_a_tag() -> None:
    assert "\n\n" not in scanned(f"| {'w' * 3_900} <Tip>\n")  # in the row of a table
    assert "\n\n" in scanned(f"| {'w' * 4_100} <Tip>\n")


def test_an_export_longer_than_any_real_one_is_text() -> None:
    def shown(length: int) -> str:
        return lay_out(read(f"export const a = {{\n  b: {'n' * length},\n}}\n\nlast words\n"))[0]

    assert "nnn" not in shown(39_900)
    assert "nnn" in shown(40_100)


def test_exports_after_the_fifth_without_an_end_are_text() -> None:
    def shown(unclosed: int) -> str:
        text = "export const a = {\n" * unclosed + "\nexport const last = 1\n\nlast words\n"
        return lay_out(read(text))[0]

    assert "const last" not in shown(4)
    assert "const last" in shown(5)


def test_what_was_scanned_for_tags_in_vain_is_limited() -> None:
    text = "<A {a words\n\n<A {b words\n\n<br> words"
    assert "<br>" not in scanned(text)
    assert "<br>" in scanned(text, max_waste=10)


def test_items_of_a_list_in_a_table_cell_are_words_of_their_own():
    items = "".join(f"<li><code>add_liquidity_{i}</code></li>" for i in range(60))
    rows = f"| 6001 | <ul>{items}</ul> |\n| 6002 | swap |\n"
    long, short = texts(f"# Errors\n\n| Code | Used by |\n| --- | --- |\n{rows}")
    assert "6001 | add_liquidity_0 add_liquidity_1 add_liquidity_2 " in long
    assert long.endswith(" add_liquidity_59")
    assert short == "Code | Used by\n6002 | swap"


def test_a_page_that_imports_in_a_script_element_is_no_mdx() -> None:
    text = "<script setup>\nimport X from './x.vue'\n</script>\n\nRead **this**{.red} [page](a){target=_blank}.\n"
    document = MarkdownFormat().parse(RawFile("a.md", text.encode()))[0]
    assert lay_out(document)[0].strip() == "Read this page."


@pytest.mark.parametrize(
    ("line", "item"),
    [("- <Check/> words", "- words"), ('- <Icon name="flag" /> words', "- words"), ("- <Br/> words", "- words")],
)
def test_a_component_that_opens_an_item_does_not_end_it(line: str, item: str) -> None:
    assert texts(f"# T\n\n{line}\n") == [item]


def test_an_import_in_a_listing_makes_no_mdx() -> None:
    text = "# T\n\n```js\nimport a from 'b'\n```\n\nRead [it](a){.x}.\n\n    code\n"
    found = MarkdownFormat().parse(RawFile("a.md", text.encode()))[0].sections[0].blocks
    assert [(block.text, block.kind) for block in found[1:]] == [("Read it.", "prose"), ("code", "code")]


def test_script_elements_without_an_end_take_linear_time() -> None:
    start = time.process_time()
    imports_components("<script>\nimport a from 'b'\n" * 10_000)
    assert time.process_time() - start < 1
