"""The terms of a snapshot: what, beside the source's files and the embedding space, decides what a load makes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SnapshotTerms:
    """The columns of ``snapshot`` that hold what a load was told; another value of any of them is a reason to load.

    Attributes:
        recipe: Canonical JSON of parsers, chunker, metadata rules, space and the source's facts.
        base_url: Address in front of each page's, as in the catalogue.
        page_rule: How a file's path becomes a page's.
        page_strip: Folder that is no part of a page's path.
        near_duplicates: Which of near duplicates a search shows.
        file_limit: Files that the load was limited to, None where it was not.
    """

    recipe: str
    base_url: str | None = None
    page_rule: str = "as_is"
    page_strip: str = ""
    near_duplicates: str = "prefer_best"
    file_limit: int | None = None
