"""A source's place on the web; a result's URL is made from it by ``search.page_url``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

PageRule = Literal[
    "as_is",
    "mdbook",
    "sphinx",
    "mkdocs",
    "mkdocs_html",
    "hugo",
    "docusaurus",
    "vitepress",
    "pretty",
    "rustdoc",
    "manual",
]
PAGE_RULES: tuple[str, ...] = get_args(PageRule)


@dataclass(frozen=True, slots=True)
class Site:
    """The place where a source is published.

    Attributes:
        base_url: Address in front of each page's path; None where the source is not published.
        pages: How a file's path becomes a page's; one of ``PAGE_RULES``.
        strip: Folder that is no part of a page's path (``src/``); files outside it have no page.
    """

    base_url: str | None
    pages: str = "as_is"
    strip: str = ""
