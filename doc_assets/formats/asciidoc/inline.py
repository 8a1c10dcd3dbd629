"""The words that a reader sees of a passage: in Asciidoctor's order quotes, attributes, replacements, macros.

What is passed through is set aside first. References to other places become their text at the end of the document
(``references``), as they may lead forward.
"""

from __future__ import annotations

import html
import re

from doc_assets.document import clean_text
from doc_assets.formats.asciidoc.attributes import Attributes
from doc_assets.formats.asciidoc.block_attributes import values_of
from doc_assets.formats.asciidoc.references import References
from doc_assets.formats.asciidoc.spans import MONO, REMOVED, enclosed, macros, shifted, without_quotes
from doc_assets.formats.html.fragments import inline_words
from doc_assets.formats.markdown.raw_html import alt_text
from doc_assets.formats.superscripts import subscript, superscript

_PLAIN = re.compile(r"[^*_`#^~+{\[<&\\:$('\"\-=.]*")
_PASSED = re.compile(r"(?P<escape>\\)?(?P<mark>\+\+\+|\+\+|\$\$)(?=.)", re.DOTALL)
_PASS = re.compile(r"(?P<escape>\\)?\b(?P<name>pass|stem|latexmath|asciimath):(?P<subs>[a-z,+-]{0,40})\[")
_LITERAL = re.compile(r"(?P<escape>\\)?(?P<tick>`)?(?<![\w;:}+])\+(?P<text>\S|\S[^\n+]{0,500}?\S)\+(?(tick)`)(?![\w+])")
_KEPT = re.compile("\x0e(\\d+)\x0f")
_MEDIA = re.compile(
    r"(?P<escape>\\)?\b(?P<name>kbd|btn|menu|image|icon|indexterm2?):(?!:)(?P<target>[^\s\[\]:][^\n\[\]]{0,300})?\["
)
_LINKS = re.compile(
    r"(?P<escape>\\)?(?:(?:\blink:)?(?P<url>\b(?:https?|ftp|irc|file)://[^\s\[\]<>\x01]{1,2000})"
    r"|\b(?P<name>link|mailto|xref(?=::?[^:])|anchor|linkgit|man|javadoc|kotlindoc|scaladoc|configprop|apiref|label|ext"
    r"|extlink):"
    r"(?P<target>[^\s\[\]]{1,500}))\["
)
_FOOTNOTE = re.compile(r"(?P<escape>\\)?\b(?P<name>footnote(?:ref)?):(?P<target>[\w-]{0,100})\[")
_ADDRESS = re.compile(r"<((?:https?|ftp|irc|file|mailto):[^\s<>]{1,2000})>")
_CROSS = re.compile(r"(\\)?<<([^<>,\n][^<>,]{0,300})(?:,\s*([^<>]*(?:<(?!<)[^<>]*>[^<>]*)?))?>>")
_ANCHOR = re.compile(r"(\\)?\[\[([^\W\d][\w:.-]{0,200})(?:,[ ]*([^\]\n]{1,300}))?\]\]")
_CITATION = re.compile(r"\[\[\[([^\W\d][\w:.-]{0,200})(?:,[ ]*([^\]\n]{1,300}))?\]\]\]")
_INDEX = re.compile(r"(\\)?\(\(((?:\([^()\n][^()]{0,300}\))|[^()\n][^()]{0,300})\)\)(?!\))")
_REPLACEMENTS = (
    ("(", re.compile(r"(\\)?\((C|R|TM)\)"), {"C": "©", "R": "®", "TM": "™"}),
    ("--", re.compile(r"(\\)?(?:(?:(?<=\n)|(?<![^ \n])|^|[ ])--(?=[ \n]|$)[ ]?|(?<=\w)--(?=\w))"), None),
    ("->", re.compile(r"(\\)?->"), {"": "→"}),
    ("=>", re.compile(r"(\\)?=>"), {"": "⇒"}),
    ("<-", re.compile(r"(\\)?<-"), {"": "←"}),
    ("<=", re.compile(r"(\\)?<="), {"": "⇐"}),
    ("...", re.compile(r"(\\)?\.\.\."), {"": "…"}),
)  # fmt: skip
_HARD_BREAK = re.compile(r"[ \t]\+[ \t]*(?:\n|$)")
_BREAK = "\x12"


class Inline:
    """Reads passages of one document.

    Attributes:
        notes: Texts of footnotes since the block reader last took them.
    """

    def __init__(self, attributes: Attributes, references: References) -> None:
        """Store the document's attributes, and where its references lead."""
        self._attributes = attributes
        self._references = references
        self.notes: list[str] = []
        self._kept: list[str] = []

    def text(self, source: str, *, keep_lines: bool = False) -> str:
        """Return the words of a paragraph: one line, but for breaks that the author forces.

        Args:
            source: As written, without block syntax.
            keep_lines: Keep all line ends, as in a verse.
        """
        if _PLAIN.fullmatch(source):
            lines = source.split("\n") if keep_lines else [source]
            return "\n".join(" ".join(line.split()) for line in lines).strip()
        kept: list[str] = []
        self._kept = kept
        text = self._set_aside(source, kept)
        text = self._macros(self._replaced(self._attributes.resolve(self._quotes(text))))
        return self._in_one_line(text, keep_lines=keep_lines)

    def _in_one_line(self, text: str, *, keep_lines: bool = False) -> str:
        if "+" in text:
            text = _HARD_BREAK.sub(_BREAK, text)
        if keep_lines:
            text = text.replace("\n", _BREAK)
        if "&" in text:
            text = clean_text(html.unescape(text))
        return self._restored(" ".join(text.split()), self._kept).strip()

    def heading(self, source: str) -> str:
        """Return a heading's or title's words, without back-ticks."""
        return " ".join(self.text(source).replace("`", "").split())

    def listing(self, source: str) -> str:
        """Return a listing whose substitutions include quotes or macros: without their marks, its lines kept."""
        self._kept = kept = []
        text = self._set_aside(source, kept)
        text = self._macros(self._attributes.resolve(self._quotes(text)))
        return self._restored(clean_text(html.unescape(text)), kept).replace("`", "")

    @staticmethod
    def _restored(text: str, kept: list[str]) -> str:
        text = text.replace(MONO + MONO, "").replace(MONO, "`").replace(REMOVED, "")
        if _BREAK in text:
            text = "\n".join(line.strip() for line in text.split(_BREAK))
        return _KEPT.sub(lambda match: kept[int(match[1])], text) if kept else text

    def _set_aside(self, text: str, kept: list[str]) -> str:
        """Return the text with signs in the place of what no other rule may change, which is appended to ``kept``."""

        def keep(shown: str) -> str:
            shown = _KEPT.sub(lambda match: kept[int(match[1])], shown)
            kept.append(" ".join(shown.split()) if "\n" in shown else shown)
            return f"\x0e{len(kept) - 1}\x0f"

        def passed(match: re.Match[str], content: str) -> str:
            name, subs = match["name"], match["subs"]
            if name == "pass" and not set(subs).isdisjoint("nqma"):
                return self._attributes.resolve(content) if subs == "a" else content
            if name == "pass":
                return keep(content if subs else inline_words(content))
            return keep(f"${content}$" if name == "latexmath" else content)

        if "pass:" in text or "stem:" in text or "math:" in text:
            text = macros(text, _PASS, passed)
        if "++" in text or "$$" in text:
            text = enclosed(text, _PASSED, lambda mark, raw: keep(inline_words(raw) if mark == "+++" else raw))
        if text.count("+") > 1:
            text = _LITERAL.sub(lambda m: m[0][1:] if m["escape"] else keep(_ticked(m["text"], m["tick"])), text)
        return text

    def _quotes(self, text: str) -> str:
        text = without_quotes(text, old="compat-mode" in self._attributes)
        if "^" in text:
            text = shifted(text, "^", superscript)
        return shifted(text, "~", subscript) if "~" in text else text

    @staticmethod
    def _replaced(text: str) -> str:
        for sign, pattern, values in _REPLACEMENTS:
            if sign not in text:
                continue
            if values is None:
                text = pattern.sub(lambda m: m[0][1:] if m[1] else "—" if m[0] == "--" else " — ", text)
            elif len(values) == 1:
                (value,) = values.values()
                text = pattern.sub(lambda m, value=value: m[0][1:] if m[1] else value, text)
            else:
                text = pattern.sub(lambda m, values=values: m[0][1:] if m[1] else values[m[2]], text)
        return text

    def _macros(self, text: str) -> str:
        if "[" in text:
            if ":" in text:
                text = macros(text, _MEDIA, self._media)
                text = macros(text, _LINKS, self._link)
            if "[[" in text:
                text = _CITATION.sub(self._citation, text)
                text = _ANCHOR.sub(self._anchor, text)
        if "((" in text:
            text = _INDEX.sub(_index, text)
        if "<" in text:
            text = _ADDRESS.sub(lambda match: match[1].removeprefix("mailto:"), text)
            if "<<" in text:
                text = _CROSS.sub(self._cross, text)
        return macros(text, _FOOTNOTE, self._note) if "footnote" in text else text

    def _media(self, match: re.Match[str], text: str) -> str | None:
        name, target = match["name"], match["target"] or ""
        if name == "kbd":
            keys = [text] if len(text) < 3 else re.split(r"[,+](?=.)", text)
            return "+".join(key.strip() for key in keys)
        if name == "btn":
            return text.strip()
        if name == "menu":
            items = [target, *re.split(r">|&gt;", text)]
            return " > ".join(item.strip() for item in items if item.strip())
        if name == "image":
            positional, named = values_of(text)
            return alt_text(named.get("alt") or (positional[0] if positional else ""), target)
        return text if name == "indexterm2" else ""

    def _link(self, match: re.Match[str], text: str) -> str | None:
        name, target = match["name"], match["url"] or match["target"]
        if name == "anchor":
            self._references.name(target, self._in_one_line(text))
            return REMOVED
        if name in ("linkgit", "man"):
            return f"{target}({text})" if text else target
        shown = link_text(text)
        if name == "xref":
            return shown or self._references.reference(self._in_one_line(target.lstrip(":")), is_macro=True)
        if name in ("javadoc", "kotlindoc", "scaladoc"):
            return shown or _class_name(target, text)
        return shown or target

    def _cross(self, match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        return (match[3] or "").strip() or self._references.reference(self._in_one_line(match[2]))

    def _anchor(self, match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        self._references.name(match[2], self._in_one_line(match[3] or ""))
        return REMOVED

    def _citation(self, match: re.Match[str]) -> str:
        label = f"[{self._in_one_line(match[2] or '') or match[1]}]"
        self._references.name(match[1], label)
        return label.replace("[", "&#91;")

    def _note(self, match: re.Match[str], text: str) -> str:
        if match["name"] == "footnoteref":
            text = text.partition(",")[2]
        if note := self._in_one_line(text):
            self.notes.append(note)
        return REMOVED


def link_text(text: str) -> str:
    """Return what a link shows of the text in its brackets: no attributes, no mark of a new window."""
    if "=" in text and re.search(r"(?:^|,)[ ]*[a-z]+=", text):
        positional, _ = values_of(text)
        text = positional[0] if positional else ""
    elif text[:1] == '"' and text[-1:] == '"':
        text = text[1:-1]
    return text.strip().removesuffix("^")


def _index(match: re.Match[str]) -> str:
    if match[1]:
        return match[0][1:]
    return "" if match[2].startswith("(") else match[2]


def _class_name(target: str, text: str) -> str:
    """Return what Spring's macro shows of a class without words: its simple name, as an annotation, or all of it."""
    full = target.rpartition("/")[2]
    style = values_of(text)[1].get("format", "")
    name = full if style == "full" else full.rpartition(".")[2].replace("$", ".")
    return f"@{name}" if style == "annotation" else name


def _ticked(text: str, tick: str | None) -> str:
    return f"`{text}`" if tick else text
