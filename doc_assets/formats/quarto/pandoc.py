r"""Pandoc's dialect of Markdown, rewritten into what the Markdown reader knows: raw pieces, TeX, spans, lists.

A page is read as for the web: raw HTML is shown, what is for other outputs is not, and TeX commands outside of formulas
leave nothing, as in Pandoc. Tables are in ``pandoc_tables``, references in ``references``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from doc_assets.formats.markdown.containers import is_off_the_web
from doc_assets.formats.markdown.fences import outside_fences
from doc_assets.formats.markdown.formulas import quote_formulas
from doc_assets.formats.markdown.includes import Includes
from doc_assets.formats.quarto.pandoc_tables import rewrite_tables
from doc_assets.formats.quarto.references import References

_BRACED = r"\{(?:[^{}]|\{[^{}]*\}){0,1000}+\}"
_MARK = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`++)(?P<inside>(?:[^`\n]|\n(?!\n)|(?!(?P=ticks)(?!`))`++){1,2000}?)(?P=ticks)(?!`))"
    r"(?P<raw>\{=(?P<format>\w+)\})?"
    r"|(?P<formula>\$\$(?:[^$]|\$(?!\$)){1,5000}+\$\$|(?<!\\)\$(?=\S)[^$\n]+(?<=\S)\$)"
    r"|\(\\#(?P<label>[a-z]{2,4}:[^()\s]{1,100})\)"
    r"|(?P<space>\\ )"
    rf"|\\(?P<command>[A-Za-z]+)\*?(?:\[[^\[\]\n]{{0,200}}\])?(?:{_BRACED})*"
    r"|(?<![\\\]!])\[(?P<span>[^\[\]\n]{1,1000})\]\{(?P<attributes>[^{}\n]{0,300}\.content-[^{}\n]{0,300})\}"
    r"|^(?P<heading>[ ]{0,3}#{1,6}[ \t][^\n]*?)[ \t]+\{(?P<classes>[^{}\n]{0,300})\}[ \t]*$"
    r"|(?<=\))\{[ \t\n]*[#.\w](?:[^{}\"'\n]|\"[^\"]{0,3000}\"|'[^'\n]{0,3000}'|\n(?![ \t]*\n)){0,2000}+\}"
    r"|^(?P<indent>[ \t]*)\((?P<numbered>@[\w-]*)\)(?=[ \t])"
    r"|\((?P<number>@[\w-]+)\)",
    re.MULTILINE,
)
_CHEAP = ("\\", "{=", ".content-", "(@", "){", "]{", "\n#")
_ID = re.compile(r"(?<!\S)#([^\s{}]+)")
_BEGIN = re.compile(r"^[ ]{0,3}\\begin\{(?P<name>[A-Za-z]+\*?)\}", re.MULTILINE)
_PART = re.compile(r"^#[ \t]+\((?:PART|APPENDIX)\\?\*?\)[^\n]*$", re.MULTILINE)
_HASH_ITEM = re.compile(r"^([ \t]*)#\.(?=[ \t])", re.MULTILINE)
_SHORTCODE = re.compile(r"\{\{\{<(?P<words>[^{}\n]{0,1000})>\}\}\}|\{\{<(?=[^{}\n]{0,1000}>\}\})")
_PROTECTED = "\x04\x04<"  # a shortcode's mark that is text (``template_tags``)


def rewrite_dialect(text: str, includes: Includes) -> str:
    """Return a page, without cells and front matter, with Pandoc's dialect rewritten; listings stay."""
    pieces: list[str] = []
    outside_fences(text, lambda prose: pieces.append(prose) or prose)
    references = References("\n".join(pieces))
    writer = _Writer(references)
    text = outside_fences(text, writer.prose, _protected)
    return references.put_texts(text, includes.has_room)


def _protected(code: str) -> str:
    """Return a listing whose shortcodes are what it shows."""
    if "{{<" not in code:
        return code
    return _SHORTCODE.sub(lambda m: f"{_PROTECTED}{m['words']}>}}}}" if m["words"] is not None else _PROTECTED, code)


@dataclass(slots=True)
class _Writer:
    references: References
    numbers: dict[str, int] = field(default_factory=dict)  # of examples, by label
    examples: int = 0

    def prose(self, text: str) -> str:
        if "(PART" in text or "(APPENDIX" in text:
            text = _PART.sub("", text)
        text = self.references.define(text)
        text = quote_formulas(text)
        if "\\begin{" in text:
            text = _without_environments(text)
        if "#." in text:
            text = _HASH_ITEM.sub(r"\g<1>1.", text)
        text = self.references.resolve(text)
        if any(trace in text for trace in _CHEAP):
            text = _MARK.sub(self.mark, text)
        if "{{{<" in text:
            text = _protected(text)
        return rewrite_tables(text)

    def mark(self, match: re.Match[str]) -> str:
        if match["code"]:
            if match["raw"]:
                return match["inside"].strip() if match["format"].startswith("html") else ""
            return match["code"]
        if match["formula"]:
            return re.sub(r"[ \t]*\(\\#[a-z]+:[^()\s]{1,100}\)", "", match[0]) if "(\\#" in match[0] else match[0]
        if match["space"]:
            return " "
        if match["span"]:
            return "" if is_off_the_web(match["attributes"]) else match["span"]
        if match["heading"]:
            own = _ID.search(match["classes"])
            return f"{match['heading']} {{#{own[1]}}}" if own else match["heading"]
        if match["numbered"]:
            self.examples += 1
            self.numbers[match["numbered"]] = self.examples
            return f"{match['indent']}{self.examples}."
        if label := match["number"]:
            return f"({self.numbers[label]})" if label in self.numbers else match[0]
        return ""


def _without_environments(text: str) -> str:
    """Return prose without TeX's environments that are no formulas."""
    kept: list[str] = []
    position = 0
    absent: set[str] = set()
    for match in _BEGIN.finditer(text):
        if match.start() < position or match["name"] in absent:
            continue
        end = text.find(f"\\end{{{match['name']}}}", match.end())
        if end < 0:
            absent.add(match["name"])
            continue
        if text[max(0, match.start() - 4) : match.start()].rstrip().endswith("$$"):
            continue
        kept.append(text[position : match.start()])
        position = end + len(match["name"]) + 6
    return "".join(kept) + text[position:] if kept else text
