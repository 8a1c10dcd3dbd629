"""Fragments that sites give headings: one rule for each generator that makes them in another way than GitHub.

``outline`` numbers the repeated ones. ``search.page_url`` chooses the rule by the catalogue's ``pages``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

Slug = Callable[[str], str]

_NOT_KEPT = re.compile(r"[^\w\- ]")
_NOT_MANUAL = re.compile(r"[^A-Za-z0-9!$&'()*+,\-./:;=?@_]")
_NOT_MDBOOK = re.compile(r"[^\w\s-]")
# Classes of Unicode that github-slugger 2 keeps; beside them the circled letters, which are alphabetic symbols.
_KEPT = frozenset(("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc"))
_CIRCLED = re.compile("[\u24b6-\u24e9\U0001f130-\U0001f149\U0001f150-\U0001f169\U0001f170-\U0001f189]")
# Marks that Unicode does not count as alphabetic, as Rust's `char::is_alphanumeric` asks: viramas, tones, accents.
_COMBINING = frozenset((1, 6, 7, 8, 9, *range(200, 240)))
_SELECTOR = re.compile("[\u034f\u0e47-\u0e4e\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_VITEPRESS = re.compile(r"""[\s~`!@#$%^&*()\-_+=\[\]{}|\\;:"'“”‘’<>,.?/]+""")  # noqa: RUF001 - as in its source
_ACCENTS = re.compile("[\u0300-\u036f]")


def github(heading: str) -> str:
    """Return the fragment as GitHub, Docusaurus, Mintlify, Nextra and kramdown for GitHub make it."""
    lower = heading.strip().lower()
    if not lower.isascii():
        lower = "".join(c for c in lower if c in "- " or unicodedata.category(c) in _KEPT or _CIRCLED.match(c))
        return lower.replace(" ", "-")
    return _NOT_KEPT.sub("", lower).replace(" ", "-")


def mdbook(heading: str) -> str:
    """Return the id as mdBook 0.5 makes it."""
    return _alphanumeric(heading.strip().lower())


def mdbook_0_4(heading: str) -> str:
    """Return the id as mdBook up to 0.4 makes it: lower case in ASCII only, and nothing for ``<``, ``>`` and ``&``."""
    text = re.sub("[<>&]", "", heading).strip().lstrip("#").strip()
    return _alphanumeric(re.sub("[A-Z]+", lambda m: m[0].lower(), text))


def hugo(heading: str) -> str:
    """Return the id as Hugo makes it: without combining marks."""
    text = heading.strip()
    if not text.isascii():
        text = "".join(c for c in text if c in "_- " or unicodedata.category(c)[0] == "L" or c.isdecimal())
    return _NOT_KEPT.sub("", text.lower()).replace(" ", "-") or "heading"


def python_markdown(heading: str) -> str:
    """Return the id as ``slugify`` of Python-Markdown's extension toc does, which MkDocs uses."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", _ascii(heading)).strip().lower())


def docutils(heading: str) -> str:
    """Return the id as docutils and Sphinx make it."""
    from docutils.nodes import make_id  # takes 40 ms, which a search without such a source need not pay

    return make_id(heading)


def pandoc(heading: str) -> str:
    """Return the identifier as Pandoc makes it, and so Quarto, R Markdown and bookdown: ``r-4.2`` keeps its point."""
    kept = "".join(c for c in heading.lower() if c.isalnum() or c in "_-." or c.isspace())
    words = "-".join(kept.split())
    return words[next((n for n, c in enumerate(words) if c.isalpha()), len(words)) :] or "section"


def manual(heading: str) -> str:
    """Return the fragment as man7.org, manpages.debian.org and ``mandoc -T html`` make it: ``SEE_ALSO``."""
    return _NOT_MANUAL.sub("_", heading)


def vitepress(heading: str) -> str:
    """Return the id as VitePress and VuePress make it: ``_1-install``, ``a-b`` for ``a_b``."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", heading))
    return re.sub(r"^(?=\d)", "_", _VITEPRESS.sub("-", plain).strip("-")).lower()


def _alphanumeric(text: str) -> str:
    if text.isascii():
        return re.sub(r"\s", "-", _NOT_MDBOOK.sub("", text))
    return "".join("-" if c.isspace() else c for c in text if c in "_-" or c.isspace() or _is_alphanumeric(c))


def _is_alphanumeric(character: str) -> bool:
    kind = unicodedata.category(character)
    if kind in ("Mn", "Mc"):
        return unicodedata.combining(character) not in _COMBINING and not _SELECTOR.match(character)
    return kind[0] in "LN" or _CIRCLED.match(character) is not None


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
