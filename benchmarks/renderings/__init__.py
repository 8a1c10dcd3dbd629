"""The words that a reader of a source file's own rendering sees, read without the product's code.

One module a format: markdown-it-py for Markdown and MDX, docutils for RST, the cells of notebooks, the main content of
HTML.
Template tags, directives and components of dialects, which none of these libraries knows, leave the strings that a
reader sees. What docs/reading.md says is dropped on purpose is left out here by rule. ``reading_loss`` compares the
words with the product's.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.renderings.html import page, rustdoc_crate, rustdoc_json, rustdoc_page
from benchmarks.renderings.markdown import markdown
from benchmarks.renderings.notebook import notebook
from benchmarks.renderings.rendering import Rendering
from benchmarks.renderings.rst import rst

__all__ = ["RENDERINGS", "Rendering", "rustdoc_crate"]


def plain(source: str) -> Rendering:
    """Return a text file as it is."""
    return Rendering(source, source)


RENDERINGS: dict[str, Callable[[str], Rendering]] = {
    "markdown": markdown,
    "jupytext": markdown,
    "mdx": lambda source: markdown(source, mdx=True),
    "notebook": notebook,
    "rst": rst,
    "html": page,
    "rustdoc_html": rustdoc_page,
    "rustdoc_json": rustdoc_json,
    "text": plain,
}
