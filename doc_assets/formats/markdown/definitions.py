"""Definition lists in Markdown: whether a page has any.

Kramdown, Python-Markdown, Pandoc, Hugo and mdBook 0.5 have them, CommonMark not, so ``blocks`` reads them only on pages
where a line that opens a definition stands below a term.
"""

from __future__ import annotations

import re

# "Term", and on the next line ": definition"; not the approximations ("~ 5 MB") that the plug-in takes for the like.
_DEFINITION = re.compile(r"^[^\s|#>:][^\n]*\n(?:[ \t]*\n)?[ ]{0,3}:[ \t]+[^\s:|]", re.MULTILINE)
# Terms on lines of their own that share a definition (kramdown, Markdown Extra); the plug-in knows one.
_TERMS = re.compile(
    r"(?:\A|(?<=\n\n))(?P<terms>(?:[^\s|#>:<`*+\x02\d-][^\n]{0,60}[^\s.,;:!?]\n){2,4})(?=[ ]{0,3}:[ \t]+[^\s:|])"
)
_APPROXIMATION = re.compile(r"^([ ]{0,3})~(?=[ \t])", re.MULTILINE)
_DEFINING = ("\n:", "\n :", "\n  :", "\n   :")


def holds_definitions(prose: str) -> bool:
    """Return whether a stretch of prose holds a definition list (kramdown, MkDocs, Pandoc, mdBook 0.5)."""
    return any(start in prose for start in _DEFINING) and _DEFINITION.search(prose) is not None


def join_terms(prose: str) -> str:
    """Return the prose with terms that share a definition on one line."""
    return _TERMS.sub(lambda m: ", ".join(m["terms"].split("\n")[:-1]) + "\n", prose)


def escape_approximations(prose: str) -> str:
    """Return the prose so that no tilde at the start of a line opens a definition."""
    return _APPROXIMATION.sub(r"\1\\~", prose)
