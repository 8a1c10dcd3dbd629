"""Cells of scripts in jupytext's representations."""

from __future__ import annotations

import pytest

from doc_assets.formats.jupytext.scripts import cells_of

PERCENT = """import a

# %% [markdown] tags=["x"]
# # Title
#
# Text

# %% A name
# %matplotlib inline
# !ls
b = 1  # %% no marker

# %% {"tags": ["remove-input"]}
# a comment
c = 2

# %% language="html" magic_args="-x"
# <b>bold</b>

# %% [raw]
# raw
"""


def cells(text: str, representation: str = "", sign: str = "#") -> list[tuple[str, str]]:
    return [(cell["cell_type"], cell["source"]) for cell in cells_of(text, sign, representation)]


def test_percent_cells_have_kinds_titles_tags_and_magics() -> None:
    assert cells(PERCENT) == [
        ("code", "import a"),
        ("markdown", "# Title\n\nText"),
        ("code", "%matplotlib inline\n!ls\nb = 1  # %% no marker"),
        ("code", "# a comment\nc = 2"),
        ("code", "%%html -x\n<b>bold</b>"),
        ("raw", "raw"),
    ]
    facts = [cell["metadata"] for cell in cells_of(PERCENT, "#", "percent")]
    assert facts[1:4] == [{"tags": ["x"]}, {"title": "A name"}, {"tags": ["remove-input"]}]


@pytest.mark.parametrize(
    ("text", "representation", "sign", "expected"),
    [
        ('# %% [markdown]\n"""\nText\n"""\n', "percent", "#", [("markdown", "Text")]),
        ("// %% [md]\n// Text\n\n// %%\na();\n", "", "//", [("markdown", "Text"), ("code", "a();")]),
        (
            "# Text\n# more\n\na\n\n\nb\n\n# # H\n",
            "light",
            "#",
            [("markdown", "Text\nmore"), ("code", "a\n\nb"), ("markdown", "# H")],
        ),
        ("# about a\na = 1\n", "light", "#", [("code", "# about a\na = 1")]),
        ("# +\n# no text\n\na\n# -\n\n# Text\n", "light", "#", [("code", "# no text\n\na"), ("markdown", "Text")]),
        ("# region [markdown]\n# Text\n# endregion\n", "light", "#", [("markdown", "Text")]),
        ("#' Text\n#' more\n\n#+ opt\na <- 1\n", "spin", "#", [("markdown", "Text\nmore"), ("code", "a <- 1")]),
    ],
)
def test_each_representation_gives_its_cells(
    text: str, representation: str, sign: str, expected: list[tuple[str, str]]
) -> None:
    assert cells(text, representation, sign) == expected


@pytest.mark.parametrize(
    ("marker", "title"),
    [
        *[(" A name", "A name"), (" %% A name  [markdown]", None), (" A name {}", "A name"), (" a b=[]", "a")],
        *[(" a == b", None), (" " * 1_900 + "=", None), (" a" + " " * 1_900 + "=", None)],
    ],
)
def test_the_title_of_a_cell_ends_where_its_metadata_begin(marker: str, title: str | None) -> None:
    [cell] = cells_of(f"# %%{marker}\nx\n", "#", "percent")
    assert cell["metadata"].get("title") == title
