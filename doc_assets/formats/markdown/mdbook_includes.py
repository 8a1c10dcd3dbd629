"""Replaces mdBook's directives (``{{#include …}}`` and the like) by the lines that they name.

As in mdBook, this is done before the text is read as Markdown, in listings too. A page's place is in ``mdbook``.
"""

from __future__ import annotations

import posixpath
import re

from doc_assets.formats.markdown.includes import MAX_DEPTH, Includes, anchored, path_from

_KINDS = "include|rustdoc_include|playground|playpen|template|title"
_LINK = re.compile(
    r"(?P<lead>^[ \t>#/]{0,200})?(?P<escape>\\?)\{\{\s{0,20}#\s{0,20}"
    rf"(?P<kind>{_KINDS})(?P<words>\s+[^\s{{}}][^{{}}]{{0,2000}})\}}\}}(?P<end>[ \t]*(?:\n|\Z))?",
    re.MULTILINE,
)
_ARGUMENT = re.compile(r"([\w-]+)=([^\n]*?)(?=\s+[\w-]+=|\s*$)", re.DOTALL)
_PARAMETER = re.compile(r"\[\[[ \t]*#[ \t]*([\w-]+)(?:[ \t]+([^\[\]\n]*))?\]\]")


def expand_links(text: str, includes: Includes, folder: str, root: str) -> tuple[str, str]:
    """Replace the directives; drop unresolved ones, with the line if they fill it.

    Args:
        text: Text of a page.
        includes: Reads the files within limits and counts missing ones.
        folder: Folder of the page, relative to the source's root.
        root: Folder of the book, which no include leaves.

    Returns:
        The text, and the title set by ``{{#title …}}`` (``""`` if none is).
    """
    if "{{" not in text or not _LINK.search(text):
        return text, ""
    expander = _Expander(includes, root)
    return expander.expand(text, folder, 0), expander.title


class _Expander:
    def __init__(self, includes: Includes, root: str) -> None:
        self.includes = includes
        self.root = root
        self.title = ""

    def expand(self, text: str, folder: str, depth: int) -> str:
        return _LINK.sub(lambda match: self.replacement(match, folder, depth), text)

    def replacement(self, match: re.Match[str], folder: str, depth: int) -> str:
        lead, end = match["lead"] or "", match["end"] or ""
        if match["escape"]:
            return lead + match[0][len(lead) + 1 :]
        whole_line = match["lead"] is not None and match["end"] is not None
        if match["kind"] == "title":
            self.title = self.title or " ".join(match["words"].split())
            return "" if whole_line else lead + end
        content = self.content(match["kind"], match["words"], folder, depth)
        if content is None:
            return "" if whole_line else lead + end
        if not lead.strip(" \t>"):
            content = content.replace("\n", "\n" + lead)  # keeps a listing inside its list or quotation
        return lead + content + end

    def content(self, kind: str, words: str, folder: str, depth: int) -> str | None:
        target, _, rest = words.strip().partition(" ") if kind != "template" else _first_word(words)
        name, _, selection = target.partition(":")
        found = self.includes.find([path_from(folder, name, self.root)]) if depth < MAX_DEPTH else None
        # rustdoc_include also compiles the lines outside its range, but hides them from the reader.
        text = self.includes.take(anchored(found[1], selection) if found else None, target)
        if found is None or text is None:
            return None
        self.includes.open.append(found[0])
        text = self.expand(text, posixpath.dirname(found[0]), depth + 1)
        self.includes.open.pop()
        if kind == "template":
            values = dict(_ARGUMENT.findall(rest))
            return self.includes.take(_PARAMETER.sub(lambda m: values.get(m[1], m[2] or ""), text), target)
        return f"```rust\n{text}\n```" if kind in ("playground", "playpen") else text


def _first_word(words: str) -> tuple[str, str, str]:
    first, *rest = words.split(maxsplit=1)[:2] or [""]
    return first, " ", rest[0] if rest else ""
