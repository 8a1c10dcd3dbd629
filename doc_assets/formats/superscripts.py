"""How raised and lowered text, marks of footnotes and their back-links read in plain text: one rule for all formats.

A format finds the elements (``<sup>``, ``^x^``, roles of RST) and asks here what stands in their place:

- exponents and indexes keep their meaning: ``2^64``, ``x^(n-1)``, ``x_i``; formulas of chemistry stay one word: H2O;
- ordinals and signs are joined to their word: 1st, Rust™;
- a reference to a note, and the link from the note back to it, leave nothing, so that the word is found.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_ORDINAL = re.compile(r"st|nd|rd|th|e|er|re|ère|ème|eme|es|ers|res", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:[0-9]|\b[IVXLCDM]+)\Z")  # 1st, XXe
_COUNTED = re.compile(r"\b[a-zA-Z]\Z")  # nth
_ABBREVIATED = re.compile(r"(?:me|mes|lle|lles|gr|r|o|os)\Z")
_SIGNS = {"tm": "™", "(tm)": "™", "sm": "℠", "(sm)": "℠", "(r)": "®", "(c)": "©"}
_SIGN = re.compile(r"[™®©℠°\u2032\u2033ªº]+|[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ]+")
# A mark alone: a number, a letter or roman number, signs, each with or without brackets; words only in brackets.
_MARK = re.compile(
    r"[\[(]?(?:\d{1,4}|[a-z]{1,2}|[ivxl]{1,6}|[*†‡§¶#✝]{1,4})[\])]?(?:[,\s]+[\[(]?\d{1,4}[\])]?)*|fn\d*|note\s?\d*",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"(?:\[[^\[\]]{1,40}\]\s*)+|\d{1,3}\)")
_NUMBER_IN_BRACKETS = re.compile(r"\(\d{1,2}\)")
_NOTE_TARGET = re.compile(r"#.*(?:fn|note|cite|bib|ref|endnote|ftn)", re.IGNORECASE)
_NOTE_NAMES = frozenset((
    "footnote-ref", "footnote-reference", "footnote_ref", "footnoteref", "footnote", "fn_top", "noteref", "reference",
    "citation", "doc-noteref",
))  # fmt: skip
_BACK_NAMES = frozenset((
    "footnote-back", "footnote-backref", "footnote-back-ref", "data-footnote-backref", "reversefootnote", "fn-backref",
    "footnote-backlink", "mw-cite-backlink", "fn_bot",
))  # fmt: skip
_BACK = re.compile(
    r"(?:[↩↵↑⬆⇧⏎↲⤴▲^]\s*[\ufe0e\ufe0f]?\s*\d*\s*)+|(?:back|return)(?: to (?:the )?(?:text|content|article))?"
)
_SYMBOL = re.compile(r"[A-Z][a-z]?")
_ELEMENTS = frozenset(
    _SYMBOL.findall(
        "HHeLiBeBCNOFNeNaMgAlSiPSClArKCaScTiVCrMnFeCoNiCuZnGaGeAsSeBrKrRbSrYZrNbMoTcRuRhPdAgCdInSnSbTeIXeCsBaLaCeHfTaW"
        "ReOsIrPtAuHgTlPbBiPoAtRnFrRaThPaUPu"
    )
)
_LAST_SYMBOL = re.compile(r"(?:[A-Z][a-z]?|[)\]])\Z")
_ONE_OPERAND = re.compile(r"[+\-\u2212]?[\w.]+|[+\-\u2212*\u2032]+")
_PUNCTUATION = tuple('.,;:!?"\u201d\u2019\u00bb')
_CHARGE = re.compile(r"\d?[+\-\u2212]")


def superscript(before: str, text: str, notes: Collection[str] = ()) -> str:
    """Return what stands in the place of a superscript that is no link.

    Args:
        before: The text in front of it in the same paragraph; the last 40 characters decide.
        text: The superscript.
        notes: Marks that open a note elsewhere on the page, if known: behind a word, they refer to it.
    """
    raised = " ".join(text.split())
    if not raised or not before.strip() or len(raised) > 40:
        return text
    base = before[-40:].replace("`", "")
    sign = _SIGNS.get(raised.lower())
    if sign or _SIGN.fullmatch(raised):
        return sign or raised
    if _BRACKETED.fullmatch(raised) or (base.endswith(_PUNCTUATION) and _MARK.fullmatch(raised)):
        return ""
    if _ORDINAL.fullmatch(raised) and (_NUMBERED.search(base) or (raised.lower() == "th" and _COUNTED.search(base))):
        return raised
    if _ABBREVIATED.fullmatch(raised) and re.search(r"\b[A-ZN]\Z", base):
        return raised
    if base.endswith(("[", "(")):
        return text
    if _NUMBER_IN_BRACKETS.fullmatch(raised) and re.search(r"[^\W\d_]{3}\Z", base):  # of a word, not of a function f
        return ""
    if base[-1:].isspace():
        return f"^{_operand(raised)}" if base.rstrip()[-1:].isdigit() else text
    if (raised in notes or re.fullmatch(r"[*†‡§¶#]{1,4}", raised)) and re.search(r"[^\W\d_]{2}\Z", base):
        return ""
    if " " in raised and not re.search(r"[+*/=\u2212-]", raised):
        return f" {raised}"
    return f"^{_operand(raised)}"


def subscript(before: str, text: str) -> str:
    """Return what stands in the place of a subscript; arguments as for ``superscript``."""
    lowered = " ".join(text.split())
    base = before[-40:].replace("`", "")
    if not lowered or not base[-1:].strip() or len(lowered) > 40:
        return text
    if _BRACKETED.fullmatch(lowered):
        return ""
    symbol = _LAST_SYMBOL.search(base)
    if re.fullmatch(r"\d{1,3}|[nxy]", lowered) and symbol and (symbol[0] in _ELEMENTS or _in_compound(base, symbol[0])):
        return lowered
    if " " in lowered and not re.search(r"[+*/=,\u2212-]", lowered):
        return f" {lowered}"
    return f"_{_operand(lowered)}"


def refers_to_note(text: str, target: str, names: frozenset[str], *, raised: bool) -> bool:
    """Return whether a link is a reference to a footnote, which leaves nothing.

    Args:
        text: The link's words.
        target: Its address.
        names: Classes and roles of the link and of the element around it.
        raised: Whether it is in a superscript, or a superscript is all that it holds.
    """
    words = " ".join(text.split())
    if "#" not in target or len(words) > 40:
        return False
    if raised and (_MARK.fullmatch(words) or _BRACKETED.fullmatch(words)):
        return True
    if not _MARK.fullmatch(words):
        return False
    return not _NOTE_NAMES.isdisjoint(names) or (words[:1] in "[(" and _NOTE_TARGET.search(target) is not None)


def leads_back_from_note(text: str, target: str, names: frozenset[str]) -> bool:
    """Return whether a link leads from a note back to the place that refers to it; arguments as above."""
    words = " ".join(text.split())
    if not _BACK_NAMES.isdisjoint(names):
        return True
    return target.startswith("#") and len(words) < 40 and _BACK.fullmatch(words.lower()) is not None


def _in_compound(base: str, symbol: str) -> bool:
    """Return whether a bracket closes a group of elements, as in Ca(OH)2."""
    if symbol not in (")", "]"):
        return symbol[-1:].isupper() and symbol[-1] in _ELEMENTS and base[-2:-1].isupper()
    group = re.search(r"[(\[]((?:[A-Z][a-z]?\d*){1,6})[)\]]\Z", base)
    return group is not None and all(one in _ELEMENTS for one in _SYMBOL.findall(group[1]))


def _operand(text: str) -> str:
    """Return an exponent or index in brackets, unless it is one number or name or has brackets already."""
    if _ONE_OPERAND.fullmatch(text) or _CHARGE.fullmatch(text):
        return text
    whole = text[0] == "(" and text[-1] == ")" and "(" not in text[1:] and ")" not in text[:-1]
    return text if whole else f"({text})"
