"""What template tags of single tools take from other files: partials, glossaries, reusable sentences, listings.

Markdoc's ``{% partial file="x.md" /%}``, the glossary of kubernetes.io, ``{% data reusables.x.y %}`` of GitHub's docs,
and calls of mkdocs-macros that show a listing. The files come through ``partials``; what is missing is counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Protocol

from doc_assets.formats.markdown.fences import outside_fences
from doc_assets.formats.markdown.front_matter import read_yaml, split_front_matter
from doc_assets.formats.markdown.includes import Includes

_TAG = re.compile(
    r"`+[^`\n]+`+"
    r"|\{%[ \t\n]*partial[ \t\n][^{}%]{0,200}?file=\"(?P<partial>[^\"\n]{1,300})\"(?:[^%]|%(?!\})){0,2000}?/?%\}"
    r"|\{\{[<%][ \t]*(?P<glossary>glossary_(?:tooltip|definition))[ \t]+(?P<words>[^{}]{1,500}?)/?[ \t]*[>%]\}\}"
    r"|\[AUTOTITLE\]\((?P<title>[^()\s#?]{0,300})(?P<rest>[^()\s]{0,200})\)"
    r"|\{%-?[ \t]*data[ \t]+(?P<data>(?:reusables|variables)\.[\w.-]{1,200})[ \t]*-?%\}"
    r"|^[ \t]*\{\{-?[ \t]*\w*(?:example|snippet|listing|source|code|include)\w*\([ \t]*"
    r"[\"'](?P<macro>[^\"'\n]{1,200})[\"']",
    re.MULTILINE,
)
_CHEAP = re.compile(r"\[AUTOTITLE\]|\{%[ \t\n]*(?:partial|-?[ \t]*data)[ \t\n]|glossary_[td]|\{\{-?[ \t]*\w+\(")
_VALUE = re.compile(r"(\w+)[ \t]*=[ \t]*[\"']([^\"'\n]*)[\"']")
_MORE = re.compile(r"<!--[ \t]*more[ \t]*-->")
_GLOSSARY = "docs/reference/glossary"


class Pieces(Protocol):
    """What reads files for a page."""

    includes: Includes

    def above(self, target: str, *below: str) -> Iterator[str | None]:
        """Yield the candidates for a path from the documentation's root, which may be any folder above."""
        ...

    def near(self, target: str) -> Iterator[str | None]:
        """Yield the candidates for a path from the page, or from a folder that a tool looks in."""
        ...

    def piece(self, target: str, places: Iterable[str | None]) -> str | None:
        """Return a page's text with its own pieces; None, and count it as missing, if there is none."""
        ...

    def uncounted(self, show: Callable[[], str | None]) -> str | None:
        """Return what a function returns, without counting what it misses."""
        ...


def expand_tags(text: str, pieces: Pieces) -> str:
    """Replace the tags in a page's prose by what they name."""
    if not _CHEAP.search(text):
        return text
    return outside_fences(
        text,
        lambda prose: _TAG.sub(lambda match: _replaced(match, pieces), prose),
        lambda code: _TAG.sub(lambda match: _in_listing(match, pieces), code) if "{% data" in code else code,
    )


def _in_listing(match: re.Match[str], pieces: Pieces) -> str:
    """Return what a reusable of GitHub's docs is in a listing; the tag, if there is none."""
    if not match["data"]:
        return match[0]
    return pieces.uncounted(lambda: _reusable(match["data"], pieces)) or match[0]


def _replaced(match: re.Match[str], pieces: Pieces) -> str:
    if target := match["partial"]:
        places = chain(pieces.near(target), pieces.above(target, "partials", "_partials", "markdoc/partials"))
        found = pieces.piece(target, places)
        return "" if found is None else f"\n\n{found}\n\n"
    if match["glossary"]:
        return _term(match, pieces)
    if match["data"]:
        return _reusable(match["data"], pieces)
    if match["title"] is not None:
        return f"[{_title(match['title'], pieces)}]({match['title']}{match['rest']})"
    if match["macro"]:
        pieces.includes.miss(match["macro"])  # a program finds the listing; the words of the call stay
    return match[0]


def _term(match: re.Match[str], pieces: Pieces) -> str:
    """Return a tooltip with the title of its term, or the definition of the term."""
    values = dict(_VALUE.findall(match["words"]))
    term = values.get("term_id", "")
    tooltip = match["glossary"] == "glossary_tooltip"
    if not term or (tooltip and values.get("text")):
        return match[0]
    target = f"{_GLOSSARY}/{term}.md"
    if tooltip:
        found = pieces.includes.find(pieces.above(target, "content/en"))
        title = split_front_matter(found[1])[0].get("title") if found else None
        return match[0].replace("term_id", f'text="{title}" term_id', 1) if isinstance(title, str) else match[0]
    text = pieces.piece(target, pieces.above(target, "content/en"))
    if text is None:
        return match[0]
    parts = _MORE.split(text.strip(), maxsplit=1)
    text = parts[0] if values.get("length") == "short" else "\n\n".join(part.strip() for part in parts)
    prepend = values.get("prepend", "")
    return f"\n\n{prepend} {text[:1].lower()}{text[1:]}\n\n" if prepend else f"\n\n{text}\n\n"


def _title(path: str, pieces: Pieces) -> str:
    """Return the title of a page of GitHub's docs, or the words of its address."""
    target = path.strip("/")
    pages = chain(pieces.above(f"content/{target}.md"), pieces.above(f"content/{target}/index.md"))
    found = pieces.includes.find(pages) if target else None
    title = split_front_matter(found[1])[0].get("title") if found else None
    words = target.rpartition("/")[2].replace("-", " ")
    return title if isinstance(title, str) and "{%" not in title else words[:1].upper() + words[1:]


def _reusable(name: str, pieces: Pieces) -> str:
    path = name.split(".")
    if path[0] == "reusables":
        target = "data/" + "/".join(path) + ".md"
        found = pieces.piece(target, pieces.above(target))
        return found.strip("\n") if found is not None else ""
    target = "/".join(("data", *path[:-1])) + ".yml"
    found = pieces.includes.find(pieces.above(target))
    value = (read_yaml(found[1]) or {}).get(path[-1]) if found else None
    text = pieces.includes.take(str(value).strip() if isinstance(value, (str, int)) else None, name)
    return text or ""
