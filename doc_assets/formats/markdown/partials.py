"""Replaces the includes of MkDocs, Docusaurus, Mintlify, Hugo and Jekyll by their text.

Pieces are searched for beside the page and in the folders above it; missing ones are removed and counted. Code fences
stay unchanged but for MkDocs snippets, as these can be whole listings. Other marks are in ``include_marks``, those of
mdBook in ``mdbook_includes``, MyST's directives in ``directive_includes``.
"""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator

from doc_assets.formats.markdown.fences import outside_fences
from doc_assets.formats.markdown.include_marks import Cut, expand_marks, holds_marks
from doc_assets.formats.markdown.includes import (
    MAX_DEPTH,
    Includes,
    anchored,
    folders_above,
    path_from,
    without_front_matter,
)
from doc_assets.formats.markdown.module_values import show_values
from doc_assets.formats.markdown.template_includes import expand_tags

_SNIPPET = re.compile(
    r"^(?P<lead>[ \t>]{0,40})-{1,9}8<-{1,9}[ \t]+[\"'](?P<path>[^\"'\n]{1,300})[\"'][ \t]*$", re.MULTILINE
)
_BASE_PATHS = re.compile(r"^[ \t]*base_path:[ \t]*(?P<folders>\S.*|(?:\n[ \t]*-[ \t]+\S.*){1,20})", re.MULTILINE)
_ESCAPED = re.compile(r"^([ \t>]{0,40});(;*-+8<-)", re.MULTILINE)
_SNIPPETS = re.compile(
    r"^(?P<lead>[ \t>]{0,40})-{1,9}8<-{1,9}[ \t]*\n(?P<paths>(?:(?![ \t>]*-+8<-)[^\n]*\n){1,100}?)"
    r"[ \t>]*-{1,9}8<-{1,9}[ \t]*$",
    re.MULTILINE,
)
_PAGE_IMPORT = re.compile(
    r"^import[ \t]+(?P<name>[A-Z]\w*)[ \t]+from[ \t]+(['\"])(?P<path>[^'\"\n]{1,300}\.mdx?)\2[ \t]*;?[ \t]*$",
    re.MULTILINE,
)
_TAG = re.compile(r"<(?P<name>[A-Z]\w*)\b(?P<values>[^<>]{0,1000}?)(?:/>|>\s{0,80}</(?P=name)>)")
_PROPERTY = re.compile(r"\{[ \t]*props\.(\w+)[ \t]*\}")
_VALUE = re.compile(r"(\w+)=(?:\{\s*)?['\"`]([^'\"`\n]*)['\"`]")
_HUGO = re.compile(
    r"\{\{[<%][ \t]*(?:read-?file|include(?:-?file|-markdown)?|code_sample|codenew|(?P<reuse>reuse))\b"
    r"(?P<words>[^{}\n]{1,1000}?)/?[>%]\}\}"
)
_EMBED = re.compile(r"(?<!`)\{\{<[ \t]+embed[ \t]+(?P<path>[^\s{}<>]{1,300})[^{}\n]{0,300}>\}\}")  # Quarto
_FIRST_STRING = re.compile(r"[ \t]*(?:\w+[ \t]*=[ \t]*)?[\"'`]?([^\s\"'`=]+)")
_LIQUID = re.compile(
    r"\{%-?[ \t]*include(?P<relative>_relative)?[ \t]+(?P<path>[\w./-]{1,300}\.(?:md|markdown))\b[^{}%]{0,1000}%\}"
)
_MARKDOWN = (".md", ".markdown", ".mdx", ".qmd", ".rmd")


def expand_partials(text: str, includes: Includes, path: str, *, depth: int = 0) -> str:
    """Replace the includes in a text by the pieces that they name.

    Args:
        text: A page, or a piece of one, without front matter.
        includes: Reads the files within limits and counts missing ones.
        path: Path of the page, relative to the source's root.
        depth: Nesting of pieces in pieces.
    """
    if depth > MAX_DEPTH:
        return text
    pieces = _Pieces(includes, path, depth)
    if "8<-" in text:
        text = pieces.snippets(text)
    if ("import" in text and (".md" in text or "{" in text)) or "export const" in text:
        text = pieces.imported(text)
    if "<Snippet" in text:
        text = outside_fences(text, lambda prose: _TAG.sub(pieces.snippet_tag, prose))
    if ("{{<" in text or "{{%" in text) and _HUGO.search(text):
        text = outside_fences(
            text, lambda prose: _HUGO.sub(pieces.shortcode, prose), lambda code: _HUGO.sub(pieces.in_listing, code)
        )
    if "{{< embed " in text:
        text = outside_fences(text, lambda prose: _EMBED.sub(pieces.embedded, prose))
    if "{%" in text and _LIQUID.search(text):
        text = outside_fences(text, lambda prose: _LIQUID.sub(pieces.liquid, prose))
    if "{%" in text or "{{" in text or "[AUTOTITLE]" in text:
        text = expand_tags(text, pieces)
    if holds_marks(text):
        text = expand_marks(text, pieces)
    return text


def included_page(target: str, includes: Includes, path: str) -> tuple[str, str] | None:
    """Return the path and the text, with its own pieces, of a page that the page at ``path`` includes.

    None, and it is counted as missing, if there is none.
    """
    pieces = _Pieces(includes, path, 0)
    return pieces.page(target, pieces.from_page(target))


class _Pieces:
    def __init__(self, includes: Includes, path: str, depth: int) -> None:
        self.includes = includes
        self.path = path
        self.folder = posixpath.dirname(path)
        self.depth = depth

    def above(self, target: str, *below: str) -> Iterator[str | None]:
        """Yield the candidates for a path from the documentation's root, which may be any folder above."""
        target = target.lstrip("/")
        for up in folders_above(self.path):
            for name in ("", *below):
                yield path_from(posixpath.join(up, name), target)

    def piece(self, target: str, places: Iterable[str | None], cut: Cut = without_front_matter) -> str | None:
        """Return a page's text with its own pieces; None, and count it as missing, if there is none."""
        found = self.page(target, places, cut)
        return None if found is None else found[1]

    def page(
        self, target: str, places: Iterable[str | None], cut: Cut = without_front_matter
    ) -> tuple[str, str] | None:
        """Return the path and the text of ``piece``."""
        found = self.includes.find(places)
        text = self.includes.take(cut(found[1]) if found else None, target)
        if found is None or text is None:
            return None
        self.includes.open.append(found[0])
        text = expand_partials(text, self.includes, found[0], depth=self.depth + 1)
        self.includes.open.pop()
        return found[0], text

    def from_page(self, target: str) -> Iterator[str | None]:
        """Yield the candidates for a path of a shortcode."""
        yield path_from(self.folder, target)
        yield from self.above(target, "includes", "examples", "content", "assets")

    def near(self, target: str) -> Iterator[str | None]:
        """Yield the candidates for a path from the page, or from a folder that a tool looks in."""
        yield path_from(self.folder, target)
        yield from self.above(target, "docs", "includes", "snippets", "_snippets")

    def stated(self, target: str) -> Iterator[str | None]:
        """Yield the candidates for a snippet in the folders that the site's ``mkdocs.yml`` states."""
        for up in folders_above(self.path):
            settings = self.includes.text(posixpath.join(up, "mkdocs.yml"))
            at = settings.find("pymdownx.snippets") if settings else -1
            if settings and at >= 0 and (match := _BASE_PATHS.search(settings, at, at + 1_000)):
                for folder in re.findall(r"[\w./-]*\w[\w./-]*", match["folders"]):
                    yield path_from(up, posixpath.join(folder, target))
                return

    # Marks of ``include_marks``

    def is_page(self, target: str) -> bool:
        """Return whether a path names Markdown."""
        return target.lower().endswith(_MARKDOWN)

    def page_of(self, target: str, cut: Cut) -> str | None:
        """Return a page's text, or the part that ``cut`` returns."""
        return self.piece(target, self.near(target), lambda text: cut(without_front_matter(text)))

    def listing_of(self, target: str, cut: Cut) -> str | None:
        """Return a file's lines, or the part that ``cut`` returns."""
        found = self.includes.find(self.near(target))
        text = self.includes.take(cut(found[1]) if found else None, target)
        return None if text is None else text.strip("\n")

    def uncounted(self, show: Callable[[], str | None]) -> str | None:
        """Return what a function returns, without counting what it misses."""
        before = self.includes.missing, self.includes.first_missing
        found = show()
        self.includes.missing, self.includes.first_missing = before
        return found

    # MkDocs

    def snippets(self, text: str) -> str:
        """Replace snippets, in listings too; those that a page on snippets shows are escaped with a semicolon."""

        def many(match: re.Match[str]) -> str:
            names = [line.strip(" \t>") for line in match["paths"].split("\n")]
            found = [self.snippet(name, match["lead"]) for name in names if name and not name.startswith(";")]
            return "\n\n".join(piece for piece in found if piece)

        def one(match: re.Match[str]) -> str:
            return self.snippet(match["path"], match["lead"]) or ""

        def put(piece: str) -> str:
            return _SNIPPET.sub(one, _SNIPPETS.sub(many, piece))

        def in_listing(code: str) -> str:
            code = put(code)
            return _ESCAPED.sub(r"\1\2", code) if ";" in code else code

        return outside_fences(text, put, in_listing)

    def snippet(self, name: str, lead: str) -> str | None:
        target, _, selection = name.partition(":")
        found = self.includes.find(itertools.chain(self.near(target), self.stated(target)))
        text = self.includes.take(anchored(found[1], selection) if found else None, name)
        if found is None or text is None:
            return None
        if not selection and found[0].endswith(_MARKDOWN):
            text = without_front_matter(text)
        if "8<-" in text and self.depth < MAX_DEPTH:
            self.includes.open.append(found[0])
            text = _Pieces(self.includes, found[0], self.depth + 1).snippets(text)
            self.includes.open.pop()
        return lead + text.replace("\n", "\n" + lead)

    # Docusaurus and Mintlify

    def imported(self, text: str) -> str:
        """Replace tags by the imported pages that they show, and braces by the constants that they name."""
        pages = {match["name"]: match["path"] for match in _PAGE_IMPORT.finditer(text)}
        if pages:
            text = outside_fences(text, lambda prose: _TAG.sub(lambda m: self.component(m, pages), prose))
        return show_values(text, self.source, self.includes.has_room)

    def component(self, match: re.Match[str], pages: dict[str, str]) -> str:
        if match["name"] not in pages:
            return match[0]
        target = pages[match["name"]]
        text = self.piece(target, self.module(target))
        if text is None:
            return ""
        if "props." in text:
            values = dict(_VALUE.findall(match["values"]))
            text = self.includes.take(_PROPERTY.sub(lambda m: values.get(m[1], m[0]), text), target) or text
        return f"\n\n{text}\n\n"

    def source(self, target: str) -> str | None:
        """Return the text of an imported module."""
        found = self.includes.find(self.module(target))
        return found[1] if found else None

    def module(self, target: str) -> Iterable[str | None]:
        """Return the candidates for an import: beside the page, or from the root of the site."""
        if target.startswith("."):
            return [path_from(self.folder, target)]
        if target.startswith(("@/", "~/")):
            return self.above(target[2:], "src")
        return self.above(target.removeprefix("@site")) if target.startswith(("/", "@site/")) else []

    def snippet_tag(self, match: re.Match[str]) -> str:
        file = dict(_VALUE.findall(match["values"])).get("file")
        if match["name"] != "Snippet" or not file:
            return match[0]
        text = self.piece(file, self.above(file, "snippets", "_snippets"))
        return "" if text is None else f"\n\n{text}\n\n"

    # Hugo and Jekyll

    def shortcode(self, match: re.Match[str]) -> str:
        values = dict(_VALUE.findall(match["words"]))
        first = _FIRST_STRING.match(match["words"])
        target = values.get("file") or (first[1] if first else "")
        places = self.from_page(target)
        if target.lower().endswith(_MARKDOWN) and values.get("code") != "true":
            text = self.piece(target, places)
            if text is not None and "\n" not in text.strip() and match["reuse"]:
                return text.strip()  # a value in a sentence
            return "" if text is None else f"\n\n{text}\n\n"
        found = self.includes.find(places)
        text = self.includes.take(found[1].rstrip() if found else None, target)
        return "" if text is None else f"\n\n~~~~~~ {values.get('lang', '')}\n{text}\n~~~~~~\n\n"

    def in_listing(self, match: re.Match[str]) -> str:
        """Return the lines of a file that a shortcode in a listing names; the shortcode, if it is a page or missing."""
        first = _FIRST_STRING.match(match["words"])
        target = dict(_VALUE.findall(match["words"])).get("file") or (first[1] if first else "")
        if match["reuse"]:
            places = self.above(target, "includes", "content", "assets")
            found = self.uncounted(lambda: self.piece(target, places))
        else:
            found = None if self.is_page(target) else self.uncounted(lambda: self.listing_of(target, lambda text: text))
        return match[0] if found is None else found.strip()

    def embedded(self, match: re.Match[str]) -> str:
        """Count what a notebook's cell printed: it is loaded with the notebook, and only Quarto knows the cell."""
        self.includes.miss(match["path"])
        return ""

    def liquid(self, match: re.Match[str]) -> str:
        relative = [path_from(self.folder, match["path"])]
        text = self.piece(match["path"], relative if match["relative"] else self.above("_includes/" + match["path"]))
        return "" if text is None else f"\n\n{text}\n\n"
