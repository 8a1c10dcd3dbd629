"""Counts the files that a page names to be included and does not show."""

from __future__ import annotations

from doc_assets.document import JsonValue

_MAX_NAME = 300  # characters


class MissingIncludes:
    """Base of what reads the files that one page includes.

    Attributes:
        missing: Number of unresolved includes: absent or refused files, lines or marks, and those over the limits.
        first_missing: The first of them, as the page names it; "" if there is none.
    """

    missing = 0
    first_missing = ""

    def miss(self, target: str) -> None:
        """Count an include that the page names and does not show."""
        self.missing += 1
        self.first_missing = self.first_missing or " ".join(target.split())[:_MAX_NAME]

    def together_with(self, other: MissingIncludes) -> MissingIncludes:
        """Return what is missing of a page that two readers include files in."""
        both = MissingIncludes()
        both.missing = self.missing + other.missing
        both.first_missing = self.first_missing or other.first_missing
        return both

    def facts(self) -> dict[str, JsonValue]:
        """Return what the document states of its missing includes: nothing if there are none."""
        if not self.missing:
            return {}
        return {"includes_missing": self.missing, "first_include_missing": self.first_missing}
