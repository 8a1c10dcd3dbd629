"""Titles of listings in info strings and cell options."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.listing_titles import listing_title
from doc_assets.formats.registry import parse


@pytest.mark.parametrize(
    ("info", "title"),
    [
        ('yaml title="/etc/agent/limits.yaml"', "/etc/agent/limits.yaml"),
        ('ts title="src/program.ts" {1,3}', "src/program.ts"),
        ("ts title='a b' showLineNumbers", "a b"),
        ("jsx title={`a.jsx`}", "a.jsx"),
        ('js filename="x.js" copy', "x.js"),
        ('rust tab="Callee Program"', "Callee Program"),
        ('js caption="Code A" {1} /carrot/', "Code A"),
        ('ts header="app.ts"', "app.ts"),
        ("js {1,2} [config.js]", "config.js"),
        ("ts:line-numbers {1} [main.ts]", "main.ts"),
        ("js:title=src/foo.js{1-3}", "src/foo.js"),
        ("yaml:config/app.yml", "config/app.yml"),
        ('{.yaml filename="_quarto.yml"}', "_quarto.yml"),
        ('{#lst-x .python lst-cap="Sum of a list"}', "Sum of a list"),
        ('{ .py title="a.py" linenums="1" }', "a.py"),
        ('go {title="main.go" linenos=table}', "main.go"),
        ('py linenums="1" title="a.py"', "a.py"),
        ("rust,editable,file=src/main.rs", "src/main.rs"),
        ('toml,filename="Cargo.toml",ignore', "Cargo.toml"),
        ("bash macOS", "macOS"),
        ("java HelloWorld.java example icon=java lines theme={null}", "HelloWorld.java example"),
        ("js Sign Transaction", "Sign Transaction"),
    ],
)
def test_titles_in_info_strings(info: str, title: str) -> None:
    assert listing_title(info) == title
    assert listing_title(info, mdx=True) == title


@pytest.mark.parametrize(
    "info",
    [
        "rust",
        "rust,ignore",
        "rust, no_run",
        "ts:line-numbers",
        "python:3.11",
        "rust,hidelines=!!!,edition=2021",
        "rust ignore",
        "rust,ignore (needs a network)",
        "js {1,3-5} showLineNumbers",
        'c hl_lines="1 2" linenums="1"',
        'ts icon="gear" wrap theme={null}',
        "js copy expandable lines highlight={1-2}",
        'js "mark" ins={2} /a b/',
        "python",
        "{python}",
        "{r, echo=FALSE}",
        "{.python .annotate}",
        "{r label, fig.width=3}",
        'python executionInfo={"elapsed": 108, "user": {"displayName": "J F"}}',
        "ts twoslash",
        "",
    ],
)
def test_what_steers_display_or_compiler_is_no_title(info: str) -> None:
    assert listing_title(info) == ""
    assert listing_title(info, mdx=True) == ""


def test_one_small_word_is_a_title_in_mdx_only() -> None:
    assert (listing_title("bash curl"), listing_title("bash curl", mdx=True)) == ("", "curl")


def blocks(text: str, name: str = "a.md") -> list[Block]:
    return [block for s in parse(RawFile(name, text.encode()))[0].sections for block in s.blocks]


def test_a_title_is_a_line_before_its_listing_also_in_a_list() -> None:
    assert blocks('```yaml title="a.yml"\na: 1\n```\n') == [Block("a.yml"), Block("a: 1", "code")]
    assert blocks('1. Save:\n\n   ```yaml title="a.yml"\n   a: 1\n   ```\n') == [
        Block("1. Save:", "list"),
        Block("a.yml"),
        Block("a: 1", "code"),
    ]


def test_a_title_that_stands_before_the_listing_is_not_repeated() -> None:
    assert blocks('a.yml:\n\n```yaml title="a.yml"\na: 1\n```\n') == [Block("a.yml:"), Block("a: 1", "code")]


QUARTO = """\
```{python}
#| label: lst-sum
#| lst-cap: "Sum of a list"
#| code-fold: true
sum(values)
```

```{r}
//| echo: false
hidden()
```

```{r, include=FALSE}
hidden()
```

```{=html}
<p>Shown</p>
```

```{=latex}
\\newpage
```

```{{python}}
#| echo: false
shown()
```
"""


def test_cells_of_quarto_are_read_as_shown() -> None:
    assert blocks(QUARTO, "a.qmd") == [
        Block("Sum of a list"),
        Block("sum(values)", "code"),
        Block("Shown"),
        Block("#| echo: false\nshown()", "code"),
    ]


def test_quotes_in_a_quoted_title_are_its_own() -> None:
    assert listing_title(r'js title="With \"inner\" marks.js" copy') == 'With "inner" marks.js'
    assert listing_title("bash npm2yarn", mdx=True) == ""


def test_a_title_needs_no_language() -> None:
    assert listing_title('title="Tabs in notes" hl_lines="1"') == "Tabs in notes"
