"""Cross references, citations and text references of a page: what stands where only the tool knows a number.

A reference to a section of the page reads as its title, one to a figure or a table as its label; keys of citations
stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from doc_assets.formats.slugs import pandoc

_KINDS = {
    "fig": "Figure", "tbl": "Table", "lst": "Listing", "eq": "Equation", "sec": "Section", "thm": "Theorem",
    "lem": "Lemma", "cor": "Corollary", "prp": "Proposition", "cnj": "Conjecture", "def": "Definition",
    "exm": "Example", "exr": "Exercise", "sol": "Solution", "rem": "Remark", "alg": "Algorithm", "nte": "Note",
    "tip": "Tip", "wrn": "Warning", "imp": "Important", "cau": "Caution", "vid": "Video",
}  # fmt: skip
_NAMES = "|".join(_KINDS)
_HEADING = re.compile(r"^#{1,6}[ \t]+(?P<text>[^\n]*?)(?:[ \t]+\{(?P<attributes>[^{}\n]*)\})?[ \t#]*$", re.MULTILINE)
_ID = re.compile(r"#([^\s#{}]+)")
_MARKS = re.compile(r"`+|\*{1,2}|(?<!\w)_|_(?!\w)|\[([^\[\]]*)\]\([^()]*\)")
_DEFINED = re.compile(r"^\(ref:(?P<label>[\w-]{1,80})\)[ \t]+(?P<text>[^\n]+)$", re.MULTILINE)
_USED = re.compile(r"\(ref:([\w-]{1,80})\)")
# In the order of these alternatives: code, formulas and escapes first.
_REFERENCE = re.compile(
    r"(?P<kept>(?<!`)`++[^`\n]+`+|\$\$(?:[^$]|\$(?!\$)){1,5000}+\$\$|\$[^$\n]+\$|\\(?!@ref\()[^\n])"
    r"|\((?:[ ]?\\?@ref\((?P<alone>[^()\s]{1,200})\))\)"
    r"|\\?@ref\((?P<bookdown>[^()\s]{1,200})\)"
    r"|(?<![\w\]!])\[(?P<cited>(?:[^\[\]\n@]{0,300}@)(?:[^\[\]\n]|\n(?!\n)){1,600})\](?![(\[{:])"
    rf"|(?<![\w@./-])(?:-?)@(?P<kind>(?i:{_NAMES}))-(?P<label>\w[\w:.-]*)"
    r"|(?<![\w\]!])\[(?P<title>[^\[\]\n@^]{1,120})\](?:\[\])?(?![(\[{:])"
)
_CITED = re.compile(
    rf"-?(?<![\w.])@(?:(?P<kind>(?i:{_NAMES}))-(?P<label>\w[\w:.-]*)|\{{(?P<braced>[^{{}}]+)\}}|(?=\w))"
)
_SPACED = re.compile(r"\s+")


class References:
    """The targets of one page.

    Args:
        prose: The page's text outside of listings.
    """

    def __init__(self, prose: str) -> None:
        """Collect titles by id and the text references that the page defines."""
        self._titles: dict[str, str] = {}
        for match in _HEADING.finditer(prose):
            title = _MARKS.sub(lambda m: m[1] or "", match["text"]).strip()
            stated = _ID.search(match["attributes"] or "")
            self._titles.setdefault(stated[1] if stated else pandoc(title), title)
        self._folded = {title.casefold() for title in self._titles.values()}
        self.texts = {match["label"]: match["text"].strip() for match in _DEFINED.finditer(prose)}

    def define(self, prose: str) -> str:
        """Return prose without definitions of text references."""
        return _DEFINED.sub("", prose) if "(ref:" in prose else prose

    def put_texts(self, text: str, has_room: Callable[[int], bool]) -> str:
        """Return the text with bookdown's text references replaced, while there is room for them."""
        if "(ref:" not in text or not self.texts:
            return text

        def put(match: re.Match[str]) -> str:
            found = self.texts.get(match[1])
            return found if found is not None and has_room(len(found)) else match[0]

        return _USED.sub(put, text)

    def resolve(self, prose: str) -> str:
        """Return prose with its references as words."""
        if "@" not in prose and "[" not in prose:
            return prose
        return _REFERENCE.sub(self._word, prose)

    def _word(self, match: re.Match[str]) -> str:
        if match["kept"]:
            return match[0]
        if label := match["bookdown"] or match["alone"]:
            return self._named(label.partition(":")[2] or label)
        if match["cited"]:
            return self._citation(match)
        if match["kind"]:
            return self._numbered(match)
        title = _SPACED.sub(" ", match["title"])
        return match["title"] if _MARKS.sub("", title).casefold() in self._folded else match[0]

    def _citation(self, match: re.Match[str]) -> str:
        words = match["cited"]
        if _CITED.search(words) is None:
            return match[0]
        alone = all(_CITED.match(one.strip()) for one in words.split(";"))
        shown = _CITED.sub(lambda m: self._numbered(m) if m["kind"] else m["braced"] or "", words)
        shown = "; ".join(one.strip() for one in shown.split(";"))
        refers = any(m["kind"] for m in _CITED.finditer(words))
        return shown.replace("; ", ", ") if refers and alone else shown if refers else f"({shown})"

    def _numbered(self, match: re.Match[str]) -> str:
        kind, label = match["kind"], match["label"].rstrip(".:-")
        after = match["label"][len(label) :]
        own = f"{kind.lower()}-{label}"
        words = self._named(own) if own in self._titles else label
        return (words if match[0].startswith("-") else f"{_KINDS[kind.lower()]} {words}") + after

    def _named(self, label: str) -> str:
        return f"“{self._titles[label]}”" if label in self._titles else label
