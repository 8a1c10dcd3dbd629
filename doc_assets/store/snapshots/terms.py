"""The terms of a snapshot: what, beside the source's files and the embedding space, decides what a load gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SnapshotTerms:
    """The columns of ``snapshot`` that hold a load's parameters; a change of any of them is a reason to load.

    Attributes:
        recipe: Canonical JSON of formats, chunker, metadata rules, space and the catalogue's facts.
        base_url: Start of every page's address, as in the catalogue.
        page_rule: How a file's path becomes a page's path.
        page_strip: Leading folder that a page's path leaves out.
        near_duplicates: Which of several near duplicates a search shows.
        file_limit: Number of files that the load was limited to, None without a limit.
    """

    recipe: str
    base_url: str | None = None
    page_rule: str = "as_is"
    page_strip: str = ""
    near_duplicates: str = "prefer_best"
    file_limit: int | None = None
