"""Markdown and MDX, as markdown-it-py reads them once the tags and marks of their dialects are gone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from benchmarks.renderings.rendering import Rendering
from benchmarks.renderings.tags import TAG_START, shown_strings, without_tags, without_tags_of

_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(footnote_plugin).use(deflist_plugin)
_MDX = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("code").use(footnote_plugin)
FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TITLE = re.compile(r"""^title\s*[:=]\s*["']?(.*?)["']?\s*$""", re.MULTILINE)
# Listings and code spans hide what looks like a tag in them; the first alternatives win.
_KEPT = (
    r"(?P<kept>^[ \t>]*(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^[ \t>]*(?P=fence)|\Z)"
    r"|(?<!`)(?P<tick>`+)(?!`)[^\n]+?(?<!`)(?P=tick)(?!`))"
)
_HIDDEN = re.compile(
    _KEPT
    + r"|<!--.*?-->|\{/\*.*?\*/\}|\{\{/\*.*?\*/\}\}|\{#(?!#)[^}\n]*#\}"
    + r"|\{%-?\s*comment\b.*?\{%-?\s*endcomment\s*-?%\}"
    + r"|\{\{[<%]\s*comment\b.*?\{\{[<%]\s*/\s*comment\s*[>%]\}\}",
    re.DOTALL | re.MULTILINE,
)
TEMPLATE = re.compile(
    _KEPT + r"|\{\{[<%](?P<shortcode>.*?)[>%]\}\}|\{%(?P<tag>.*?)%\}|\{\{(?P<variable>.*?)\}\}",
    re.DOTALL | re.MULTILINE,
)
_MODULES = re.compile(
    _KEPT
    + r"|^(?:import\b[^\n]*(?:\bfrom\b|[\"'])|export\s+(?:const|let|default|function)\b)[^\n]*"
    + r"(?:\n(?![ \t]*\n)[^\n]*)*",
    re.DOTALL | re.MULTILINE,
)
_JSX_START = re.compile(f"{_KEPT}|{TAG_START.pattern}", re.DOTALL | re.MULTILINE)
_IMPORTS = re.compile(r"^import\s+[\w{*][^\n]*\sfrom\s+['\"][^\n]*$(?:\n|\Z)(?![^\n]*```)", re.MULTILINE)
_LINK_TARGETS = re.compile(r"\]\((?:[^()\n]|\([^()\n]*\))*\)|^[ \t]*\[[^\]\n]+\]:[^\n]*$", re.MULTILINE)
_ATTRIBUTES = re.compile(r"\{:?\s*(?:[#.][\w.:-]+|[\w-]+=(?:\"[^\"\n]*\"|[\w-]+))(?:\s+[^{}\n]*)?\}")
# Lines of Markdown's dialects that are marks, with the words that stay in brackets.
_MARKS = re.compile(
    r"^[ \t>]*(?:"
    r"(?:!!!|\?\?\?\+?)[ \t]*[\w\" -]*?(?:\"(?P<admonition>[^\"\n]*)\")?"
    r"|===\+?!?[ \t]+\"(?P<tab>[^\"\n]*)\""
    r"|:{3,}[ \t]*\{?(?:[\w:.+-]+)?\}?(?P<colon>[^\n]*)"
    r"|/{3,}[ \t]*[\w-]*(?:[ \t]*\|(?P<block>[^\n]*))?"
    r"|:[\w-]+:(?P<option>[ \t][^\n]*)?"
    r"|\[!\w+\][+-]?"
    r"|-{1,2}8<-{1,2}[^\n]*"
    r"|\[+_?toc_?\]+"
    r")[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_ROLE = re.compile(r"\{[\w:+.-]+\}\Z")
_NO_TITLE = re.compile(r"\{(?:ref|doc|numref|download|any|cite\w*|eq)\}\Z")
_TARGET = re.compile(r"\s*<[^<>]*>\Z")
# Icons by name, identifiers of a specification's rules, images as text, cell marks of jupytext.
_SIGNS = re.compile(
    r":(?:octicons|material|fontawesome|simple|fa)-[\w-]+:|^[ \t]*r\[[\w.-]+\][ \t]*$|data:[\w/+.;=-]+,[^\s)\"']{40,}"
    r"|^\+\+\+[ \t]*(?:\{[^\n]*)?$",
    re.MULTILINE,
)
_REFERENCES = re.compile(r"\[\^[\w-]+\]|\]\[[^\]\n]*\]")
_LICENCE = re.compile(
    r"licensed under the \w+ licen[sc]e|permission is hereby granted|you may obtain a copy of the license"
    r"|unless required by applicable law|^\W*copyright (?:\(c\) |© ?)?\d{4}",
    re.IGNORECASE,
)
_BACK = re.compile(r"\W*(?:back to )?(?:the )?top|\W*back to contents|\W*parent", re.IGNORECASE)
_INCLUDED = re.compile(r"\{\{#[^{}\n]*\}\}|^[ \t;]*-{1,2}8<-{1,2}[^\n]*$", re.MULTILINE)
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_LEAST_CONTENTS = 4
_UNSEEN_DIRECTIVES = ("toctree", "include", "literalinclude", "figure", "image", "contents", "bibliography")
_CODE_DIRECTIVES = ("code", "sourcecode", "eval-rst", "math", "mermaid", "list-table", "csv-table")
_OPTIONS = re.compile(r"^[ \t]*:(?P<name>[\w-]+):(?P<value>[^\n]*)$", re.MULTILINE)
_SHOWN_OPTIONS = ("caption", "title", "header", "subtitle")
_INFO_STRINGS = re.compile(r"""(?:title|caption|label|tab)\s*=\s*["']([^"'\n]*)["']""")


def markdown(source: str, *, mdx: bool = False) -> Rendering:
    """Return the words of a Markdown page, its title in front matter first."""
    source = source.removeprefix("\ufeff").replace("\r\n", "\n")
    title = ""
    if head := FRONT_MATTER.match(source):
        source = source[head.end() :]
        title = _title(head[2])
    source = _HIDDEN.sub(lambda match: match["kept"] or "", source)
    mdx = mdx or _IMPORTS.search(source) is not None
    if mdx:
        source = _MODULES.sub(lambda match: match["kept"] or "", source)
        source = without_tags_of(source, _JSX_START)
    source = TEMPLATE.sub(shown_in_template, source)
    text = [title]
    code: list[str] = []
    _read(_without_contents((_MDX if mdx else _MARKDOWN).parse(source)), text, code)
    return Rendering("\n".join(text), "\n".join(code))


def _without_contents(tokens: list[Token]) -> list[Token]:
    """Return the tokens without lists of four links or more that all go to the page itself."""
    kept: list[Token] = []
    opened: list[int] = []
    for token in tokens:
        kept.append(token)
        if token.type.endswith("_list_open"):
            opened.append(len(kept) - 1)
        elif token.type.endswith("_list_close") and opened:
            start = opened.pop()
            lines = [one for one in kept[start:] if one.type in ("inline", "fence", "code_block", "html_block")]
            if not opened and len(lines) >= _LEAST_CONTENTS and all(map(_to_page, lines)):
                del kept[start:]
    return kept


def _to_page(token: Token) -> bool:
    children = token.children or []
    words = [child for child in children if child.type != "text" or child.content.strip(" -.:[]")]
    return (
        bool(words)
        and words[0].type == "link_open"
        and str(words[0].attrs.get("href")).startswith("#")
        and (words[-1].type == "link_close")
    )


def _title(head: str) -> str:
    try:
        values = yaml.safe_load(head)
    except (yaml.YAMLError, ValueError):
        values = None
    if isinstance(values, dict):
        return str(values.get("title") or "")
    found = _TITLE.search(head)
    return found[1] if found else ""


def shown_in_template(match: re.Match[str]) -> str:
    """Return what stays of a match of ``TEMPLATE``: code as it is, of a tag the strings that a reader sees."""
    if match["kept"]:
        return match["kept"]
    return " " + shown_strings(match["shortcode"] or match["tag"] or "") + " "


def _read(tokens: Sequence[Token], text: list[str], code: list[str]) -> None:
    for token in tokens:
        if token.type == "inline":
            line = "".join(_inline(token.children or (), code))
            text.append(_prose(line))
        elif token.type == "fence":
            _fence(token, text, code)
        elif token.type == "code_block":
            # Below an admonition or a tab, indented text is a page of its own.
            code.append(token.content)
            text.append(_prose(_LINK_TARGETS.sub("]", token.content)))
        elif token.type == "html_block":
            text.append(_prose(_LINK_TARGETS.sub("]", without_tags(token.content))))


def _inline(tokens: Sequence[Token], code: list[str]) -> Iterator[str]:
    parts: list[str] = []
    commit = -1
    linked = to_commit = False
    for token in tokens:
        if token.type == "link_open":
            linked = True
            href = str(token.attrs.get("href"))
            to_commit = "/commit/" in href
            commit = len(parts) if to_commit or href.startswith("#") else -1
        elif token.type == "link_close":
            linked = False
            words = "".join(parts[commit:]).strip() if commit >= 0 else ""
            if _COMMIT.fullmatch(words) if to_commit else _BACK.fullmatch(words):
                del parts[commit:]
        elif token.type == "html_inline":
            parts.append(without_tags(token.content))
        elif token.type == "text":
            parts.append(token.content)
        elif token.type == "code_inline":
            code.append(token.content)
            content = token.content
            if parts and _ROLE.search(parts[-1]):
                shown = _TARGET.sub("", content)
                content = "" if shown == content and _NO_TITLE.search(parts[-1]) else shown
                content = content.rpartition(".")[2] if content.startswith("~") else content
                parts[-1] = _ROLE.sub("", parts[-1])
            parts.append(content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif token.type == "image" and not linked:  # in a link, it is a badge or a button
            parts.append(" " + "".join(_inline(token.children or (), code)) + " ")
    yield from parts


def _prose(text: str) -> str:
    text = _MARKS.sub(lambda match: " ".join(word for word in match.groups() if word), _SIGNS.sub("", text))
    text = "" if _LICENCE.search(text) else _REFERENCES.sub("]", text)
    return _ATTRIBUTES.sub("", text)


def _fence(token: Token, text: list[str], code: list[str]) -> None:
    info = token.info.strip()
    text.extend(_INFO_STRINGS.findall(info))
    content = _INCLUDED.sub("", token.content)
    if re.match(r"rust\b|should_panic|no_run|ignore|compile_fail|edition", info) or not info:
        content = without_hidden_lines(content)
    if directive := re.match(r"\{([\w:+.-]+)\}(.*)", info):
        _directive(directive[1], directive[2], content, text, code)
        return
    code.append(content)
    text.append(content)


def _directive(name: str, argument: str, content: str, text: list[str], code: list[str]) -> None:
    """Read what MyST writes as a listing: code, or a page of its own below the argument."""
    if name in _UNSEEN_DIRECTIVES:
        return
    content = re.sub(r"\A---\n.*?^---$", "", content, flags=re.DOTALL | re.MULTILINE)
    content = _OPTIONS.sub(lambda match: match["value"] if match["name"] in _SHOWN_OPTIONS else "", content)
    if name.startswith(_CODE_DIRECTIVES):
        code.append(content)
        text.append(content)
        return
    page = markdown(content)
    code.append(page.code)
    text += (argument, page.text)


def without_hidden_lines(listing: str) -> str:
    """Return a listing of Rust without the lines that mdBook and rustdoc hide: ``# `` or a lone ``#``."""
    return re.sub(r"^[ \t]*#(?:[ \t][^\n]*)?$", "", listing, flags=re.MULTILINE)
