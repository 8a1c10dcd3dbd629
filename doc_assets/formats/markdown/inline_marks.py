"""Removes site generators' marks inside lines of prose (roles, icons, attributes); keeps their words.

Template tags are in ``template_tags``.
"""

from __future__ import annotations

import re

from doc_assets.formats.markdown.components import data_of, read_props, words_of
from doc_assets.formats.markdown.raw_html import alt_text, attributes_of
from doc_assets.formats.roles import CODE_ROLES, ROLE_PREFIXES, is_textless, shortcut_text

_COMMENT = re.compile(r"^[ \t]*\{/(?P<mark>[*_])[^{}]{0,2000}?(?P=mark)/\}[ \t]*$", re.MULTILINE)
# Not at the end of a heading, where it may state the heading's id.
_KRAMDOWN = re.compile(
    r"^(?:#{1,6}[ \t][^\n]*|[^\n]+(?=\n[ ]{0,3}(?:=+|-+)[ \t]*$))$|\{:[ \t]*[.#][\w.# =\"-]{0,200}\}", re.MULTILINE
)
_JSX_TAG = re.compile(r"<(?P<name>img|[A-Z][\w.]*)(?P<values>\s(?:[^<>{}]|\{{1,2}[^{}]*\}{1,2}){0,400})>")
_ROLE = re.compile(
    # Inline code is matched first: `${var}` in it is no role.
    # Possessive, as a run of backticks is one mark: split in all ways, it takes exponential time.
    r"(?P<run>(?<!`)`++)(?:[^`\n]|\n(?![ \t>]*\n)|(?!(?P=run)(?!`))`++){1,2000}?(?P=run)(?!`)|"
    r"\{(?P<role>[A-Za-z][\w:+.-]*)(?:[ ][^{}\n]{0,200})?\}"
    r"(?P<ticks>`++)(?P<text>(?:[^`\n]|\n(?![ \t>]*\n)|(?!(?P=ticks)(?!`))`++){1,2000}?)(?P=ticks)(?!`)"
)
_ROLE_TARGET = re.compile(r"(?<=[^\s<])\s*<[^<>]*>$")
_UNSHOWN_ROLES = frozenset(("sub-ref", "eval", "glue", "button"))  # values that only the built site has
_ICON = re.compile(
    r":(?:octicons|material|fontawesome|simple)-[\w-]+:(?:\{[^{}\n]*\})?[ ]?"
    r"|(?<![\w:]):(?:(?:white|heavy)_check_mark|ballot_box_with_check|(?P<no>x|heavy_multiplication_x|no_entry(?:_sign)?"
    r"|negative_squared_cross_mark)):(?!\w)[ ]?"
)
_ICON_MARKS = (":octicons-", ":material-", ":fontawesome-", ":simple-", "_check", ":x:", "_x:", "_mark:", ":no_entry")
_HIGHLIGHT = re.compile(r"`#![\w+-]+[ ]")
_DATA_URI = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w=.-]+)*[;,](?:base64,)?[A-Za-z0-9+/=_%-]{40,}")


def drop_data_uris(text: str) -> str:
    """Remove images and files embedded as ``data:`` URIs."""
    return _DATA_URI.sub("", text) if "data:" in text else text


def rewrite_marks(prose: str) -> str:
    """Return the prose without the marks; text in backticks stays unchanged."""
    if "{:" in prose:
        prose = _KRAMDOWN.sub(lambda m: "" if m[0].startswith("{:") else m[0], prose)
    if "}`" in prose:
        prose = _ROLE.sub(_role, prose)
    if "`#!" in prose:
        prose = _HIGHLIGHT.sub("`", prose)
    return _ICON.sub(_icon, prose) if any(mark in prose for mark in _ICON_MARKS) else prose


def _role(match: re.Match[str]) -> str:
    """Return the text of MyST's role: names of code in backticks, formulas verbatim, words as they are."""
    if match["run"]:
        return match[0]
    role, text = match["role"].lower(), match["text"]
    kind = role.rpartition(":")[2]
    if is_textless(role) or kind in _UNSHOWN_ROLES or role.startswith("glue:"):
        return ""
    if kind == "math":
        return f"${text.strip()}$"
    if kind in ("sub", "sup", "subscript", "superscript"):
        return f"<{kind[:3]}>{text}</{kind[:3]}>"
    titled = _ROLE_TARGET.search(text)
    text = text[: titled.start()] if titled else ROLE_PREFIXES.get(kind, "") + text.lstrip("!~")
    if kind in ("guilabel", "menuselection"):
        text = shortcut_text(text)
    elif kind == "numref":  # only Sphinx knows the number
        text = text.replace("%s", "").replace("{number}", "").strip()
    return f"`{text}`" if kind in CODE_ROLES else text


def _icon(match: re.Match[str]) -> str:
    """Remove an icon, but keep the ticks and crosses that are the content of a table's cells."""
    if match["no"] or "-close" in match[0]:
        return "no "
    return "yes " if "check" in match[0] else ""


def drop_jsx_tags(prose: str) -> str:
    """Drop comments, tags with braces (JSX) and with ``@`` (Vue) of pages without imports; keep their visible words."""

    def shown(match: re.Match[str]) -> str:
        if "{" not in match["values"] and " @" not in match["values"]:
            return match[0]
        if match["name"] == "img":
            values = attributes_of(match["values"])
            return alt_text(values.get("alt", ""), values.get("src", ""))
        props = read_props(match["values"], {})
        pieces = [" ".join(words_of(match["name"], props)), *data_of(props)]
        if len(pieces) == 1:
            return pieces[0] if match["values"].endswith("/") or not pieces[0] else f"{pieces[0]}\n"
        return "\n\n".join(("", *pieces, ""))

    if "{/" in prose:
        prose = _COMMENT.sub("", prose)
    return _JSX_TAG.sub(shown, prose) if "<" in prose else prose
