"""Finds template tags of site generators in a Markdown text: their words stay, hidden text and marks go.

Hugo's shortcodes; tags of Liquid (Jekyll), Markdoc, GitBook and Nunjucks; calls of mkdocs-macros; Handlebars. Which
words a tag shows is in ``template_words``, what an expression stands for in ``template_values``, includes are in
``partials``. Nothing is evaluated.

Listings: a tool that renders a page's templates either renders them in listings too (Hugo, Jekyll, mkdocs-macros) or
never (MDX, MyST, VitePress). So a listing is verbatim unless the page is known to be Hugo's: by shortcodes in its prose
or its front matter. There ``{{< latest-version >}}`` is a value of the site, and becomes the placeholder
``<latest-version>``. Helm charts, Jinja, ``${{ … }}`` and Handlebars in a listing are its content and never touched.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from doc_assets.document import JsonValue
from doc_assets.formats.markdown.stretches import Stretch
from doc_assets.formats.markdown.template_words import Arguments, is_heading, is_inline, read_arguments, words_of

_PROTECTED = "\x04"  # a "{" that is text; occurs in no text, as control characters are removed

_CODE = r"(?P<code>`+[^`\n]+`+)"
_STRINGS = r"""(?<=[\s=(\[,:|])(?:"(?:[^"\\]|\\.){0,2000}+"|'(?:[^'\\\n]|\\.){0,1000}+')"""
_SHORTCODE = re.compile(
    _CODE
    + r"|\{\{(?P<kind>[<%])\s*(?P<end>/?)\s*(?P<name>[A-Za-z_][\w./-]*)?"
    + rf"(?P<rest>(?:{_STRINGS}|(?<=[\s=])`[^`]{{0,2000}}+`|(?!\{{\{{|/?\s*[>%]\}}\}}).){{0,4000}}+)"
    + r"(?P<self>/?)\s*[>%]\}\}",
    re.DOTALL,
)
_TAG = re.compile(
    _CODE
    + r"|(?P<open>\{%-?)\s*(?P<end>/\s*|end(?!point)[-_]?(?=[a-z]))?(?P<name>(?![\w./@-]+=)[@A-Za-z_][\w./@-]*)?"
    + rf"(?P<rest>(?:{_STRINGS}|(?!\{{%|/?\s*-?%\}}).){{0,4000}}+)(?P<self>/?)\s*-?%\}}",
    re.DOTALL,
)
_EXPRESSION = re.compile(
    _CODE
    # mdBook's own directives are resolved before; one that is left was escaped and is text.
    + r"|\{\{~?\s*#\s*(?!(?:include|rustdoc_include|playground|playpen|template)\b)(?P<block>\w+)(?P<words>[^{}]*)\}\}"
    r"|\{\{~?\s*[/>*!^%][^{}]*\}\}"
    r"|\{\{-?\s*\w[\w.]*[ (]+(?P<call>(?=['\"]|[a-z_]{1,40}=['\"])"
    r"(?:[^{}'\"]|\"[^\"]{0,2000}+\"|'[^']{0,2000}+'|['\"]){0,4000}+)\}\}"
    # Values known only to the site, and placeholders on lines of their own, which plug-ins fill.
    r"|\{\{-?\s*(?:site|page|include|layout)\.[^{}]*\}\}|^[ \t]*\{\{[ \t]*[\w-]+[ \t]*\}\}[ \t]*$",
    re.MULTILINE,
)
# Handlebars (Cargo's manual pages): a value of the build, on a page with blocks of it.
_BLOCK_END = re.compile(r"\{\{/\w+\}\}")
_VALUE = re.compile(_CODE + r"|\{\{(?:\w+ )?\w+\}\}[ ]?", re.MULTILINE)
_HIDING_TRACES = ("comment", " raw", "%raw", "verbatim", "{# ", "{#-", "{#\n", "% #", "openapi", "swagger ", "*/")
_ESCAPED_SHORTCODE = re.compile(r"\{\{([<%])/\*(.{0,2000}?)\*/([>%])\}\}", re.DOTALL)
# A condition or loop on a line between the rows of a table, which it must not end.
_BETWEEN_ROWS = re.compile(
    r"(?<=[|}])[ \t]*\n[ \t]*\{%-?[ \t]*(?:end)?(?:if|ifversion|elsif|else|unless|for|case|when)\b[^{}%\n]{0,200}%\}"
    r"[ \t]*(?=\n[ \t]*(?:\||\{%))"
)
_LOOP = re.compile(r"\{%-?[ \t]*for[ \t]+(\w{1,80})[ \t]+in\b")
_LOOP_VALUE = re.compile(_CODE + r"|\{\{-?[ \t]*(?P<name>\w{1,80})(?![\w(])[^{}\n]{0,200}\}\}")
_ANNOTATION = re.compile(r"\s*(?:#(?P<id>[\w-]+))?(?:\s*\.[\w-]+)*\s*$")
_FENCE_LINE = r"^[ \t>]{0,40}(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)?(?P<fence>`{3,}|~{3,})[^\n]*$"
_HIDING = re.compile(
    _FENCE_LINE + r"|(?P<code>`+[^`\n]+`+)"
    r"|\{%-?\s*(?P<liquid>comment|raw|verbatim)\b[^%{}]{0,200}-?%\}|\{\{[<%]\s*(?P<hugo>comment)\b[^{}]{0,200}[>%]\}\}"
    r"|\{%-?\s*#\s[^%\n]{0,1000}%\}|\{#-?\s[^#{}]{0,2000}\s-?#\}|\{::(?P<kramdown>comment)\}"
    r"|\{%\s*(?P<spec>openapi(?:-operation)?|swagger(?=[^{}\n]*\ssrc=))\b(?P<arguments>[^{}]{0,1000})%\}",
    re.MULTILINE,
)
_HUGO_FACTS = frozenset(("weight", "linkTitle", "linktitle", "bookToc", "menu", "cascade", "aliases", "toc_hide"))
_BRANCHES = frozenset(("else", "elsif", "elseif", "elif", "when"))
_CALL_WORDS = frozenset(("title", "text", "caption", "label", "description"))
_TAGS = re.compile(r"\{\{[^{}]*\}\}|\{%[^{}]*%\}")
_QUOTED = re.compile(r"\"([^\"\n]*)\"")


def is_rendered_by_hugo(facts: Mapping[str, JsonValue]) -> bool:
    """Return whether front matter has keys that Hugo and its themes alone give a meaning to."""
    return any(key in _HUGO_FACTS for key in facts)


def hide(text: str, *, listings: bool = False) -> str:
    """Remove commented-out text, and protect what is marked as no template.

    Args:
        text: A page without front matter.
        listings: ``{% raw %}`` is a mark in listings too: Jekyll renders those of pages that have front matter.
    """
    if "{%" not in text and "{{" not in text and "{#" not in text and "{::" not in text:
        return text
    if not any(trace in text for trace in _HIDING_TRACES):
        return text
    if "*/" in text:
        text = _ESCAPED_SHORTCODE.sub(rf"{_PROTECTED * 2}\1\2\3}}}}", text)
    kept: list[str] = []
    absent: set[str] = set()
    position = 0
    fence = ""
    for match in _HIDING.finditer(text):
        mark = match["fence"]
        if mark and not fence and not (mark[0] == "`" and "`" in match[0].lstrip(" \t>-*+0123456789.)`")):
            fence = mark if match.start() >= position else fence
        elif mark and fence and mark.startswith(fence) and not match[0].strip(" \t>").strip(mark[0]):
            fence = ""
        name = match["liquid"] or match["hugo"] or match["kramdown"] or match["spec"]
        if match.start() < position or mark or match["code"] or (fence and not (listings and name == "raw")):
            continue
        if not name:
            kept.append(text[position : match.start()])
            position = match.end()
            continue
        end = None if name in absent else _end_of(match).search(text, match.end())
        if end is None:
            absent.add(name)
            continue
        kept.append(text[position : match.start()])
        if name in ("raw", "verbatim"):
            kept.append(text[match.end() : end.start()].lstrip("\n" if fence else "").replace("{", _PROTECTED))
        elif match["spec"]:  # the tool shows the specification's words instead of the link to it
            kept.append(match[0])
        position = end.end()
    return "".join(kept) + text[position:] if kept else text


def _end_of(match: re.Match[str]) -> re.Pattern[str]:
    if match["hugo"]:
        return re.compile(r"\{\{[<%]\s*/\s*comment\s*[>%]\}\}")
    if match["kramdown"]:
        return re.compile(r"\{:/(?:comment)?\}")
    name = match["liquid"] or match["spec"]
    return re.compile(rf"\{{%-?\s*(?:end|/\s*){name}\s*-?%\}}")


def holds_templates(text: str) -> bool:
    """Return whether a page may hold anything for ``TemplateReader``: a cheap test."""
    return "{{" in text or "{%" in text or _PROTECTED in text


def reveal(text: str) -> str:
    """Return the text with its protected braces."""
    return text.replace(_PROTECTED, "{") if _PROTECTED in text else text


class TemplateReader:
    """Rewrites the stretches of one page in order, as a tab may have its label in the group that it is in.

    Args:
        stretches: The page's prose and listings.
        hugo: The page's front matter says that Hugo renders it.
    """

    def __init__(self, stretches: Sequence[Stretch], *, hugo: bool = False) -> None:
        """Find out whether the page is Hugo's or holds blocks of Handlebars."""
        self._labels: list[list[str]] = []
        self._handlebars = any("{{/" in one.text and _BLOCK_END.search(one.text) for one in stretches if not one.code)
        self._hugo = hugo or any(
            not match["code"] and match["name"]
            for stretch in stretches
            if not stretch.code and ("{{<" in stretch.text or "{{%" in stretch.text)
            for match in _SHORTCODE.finditer(stretch.text)
        )

    def rewrite(self, stretch: Stretch) -> str:
        """Return the text of the page's next stretch without its tags."""
        return self._listing(stretch.text) if stretch.code else self._prose(stretch.text)

    def _prose(self, text: str) -> str:
        """Return prose without tags; text in backticks stays, but for Hugo's shortcodes."""
        if "{{<" in text or "{{%" in text:
            text = _SHORTCODE.sub(self._shortcode, text)
        if "{%" in text:
            text = _without_loop_values(text)
            text = _BETWEEN_ROWS.sub("", text) if "|" in text else text
            text = _TAG.sub(self._tag, text)
        if "{{" in text:
            text = _EXPRESSION.sub(_expression, text)
            if self._handlebars:
                text = _VALUE.sub(lambda m: m["code"] or "", text)
        return reveal(text)

    def _listing(self, text: str) -> str:
        """Return a listing in which Hugo's shortcodes are placeholders."""
        if self._hugo and ("{{<" in text or "{{%" in text):
            text = _SHORTCODE.sub(_placeholder, text)
        return reveal(text)

    def _shortcode(self, match: re.Match[str]) -> str:
        if match["code"]:
            return _SHORTCODE.sub(_placeholder, match[0][1:-1]).join("``") if self._holds_value(match[0]) else match[0]
        if not match["name"]:
            return match[0] if not match["rest"].strip() else ""
        return self._replaced(match, match["name"])

    def _holds_value(self, code: str) -> bool:
        return self._hugo and ("{{<" in code or "{{%" in code) and code[1] != "`"

    def _tag(self, match: re.Match[str]) -> str:
        if match["code"]:
            return match[0]
        name = match["name"]
        if not name:  # Markdoc's annotation of the block before it
            annotation = _ANNOTATION.match(match["rest"])
            return f'<a id="{annotation["id"]}"></a>' if annotation and annotation["id"] else ""
        return self._replaced(match, name)

    def _replaced(self, match: re.Match[str], name: str) -> str:
        name = name.lower().replace("_", "-")
        arguments = read_arguments(match["rest"]) if match["rest"] else Arguments()
        if name in ("tabs", "tabpane"):
            self._group(arguments, ends=bool(match["end"]), alone=bool(match["self"]))
        if match["end"]:
            return ""
        inside = _is_inside(match, name)
        words = words_of(name, arguments, inside=inside)
        if words and not inside and is_heading(name):
            return f"\n\n## {words[0]}\n\n"
        if name == "tab" and self._labels and self._labels[-1]:
            label = self._labels[-1].pop(0)
            words = words or [label]
        return _placed(words, match, inside)

    def _group(self, arguments: Arguments, *, ends: bool, alone: bool) -> None:
        if ends:
            del self._labels[-1:]
        elif not alone and len(self._labels) < 20:
            self._labels.append([label.strip() for label in arguments.get("items").split(",") if label.strip()])


def _without_loop_values(text: str) -> str:
    """Return prose without expressions of the variables of its loops, which only the site knows."""
    names = {match[1] for match in _LOOP.finditer(text)} if "{{" in text else set()
    return _LOOP_VALUE.sub(lambda m: "" if m["name"] in names else m[0], text) if names else text


def _is_inside(match: re.Match[str], name: str) -> bool:
    """Return whether a tag stands in a sentence, a heading or a row of a table."""
    before = _line_before(match)
    words = before.strip(" \t>-*+0123456789.)")
    if words and before.lstrip(" \t>").startswith(("#", "|")):
        return True
    if words and (is_inline(name) or not words.endswith(("%}", "}}"))):
        return _TAGS.sub("", words).strip() != ""
    return is_inline(name)


def _line_before(match: re.Match[str]) -> str:
    text = match.string
    line = text.rfind("\n", max(0, match.start() - 400), match.start()) + 1
    return text[max(line, match.start() - 400) : match.start()]


def _placed(words: list[str], match: re.Match[str], inside: bool) -> str:
    """Return the words in their sentence, or else as a paragraph of their own, in the list that the tag is in."""
    if not words:
        end = match.end()  # the branches of a condition in one line are words of their own
        beside = match.string[max(0, match.start() - 1) : match.start()] + match.string[end : end + 1]
        return " " if match["name"] in _BRANCHES and len(beside) == 2 and not any(map(str.isspace, beside)) else ""
    if inside:
        after = match.string[match.end() : match.end() + 1]
        return " ".join(words) + (" " if after.isalnum() else "")
    before = _line_before(match)
    lead = before if not before.strip(" \t>") else " " * len(before)
    if len(lead.expandtabs(4)) > 3 and not _in_list(match.string, match.start() - len(before), len(lead)):
        lead = ""
    paragraph = ("\n" + lead).join(words)
    start = "" if before.strip(" \t>") and not before.rstrip().endswith(("%}", "}}")) else f"\n\n{lead}"
    return f"{start}{paragraph}\n\n{lead}"


def _in_list(text: str, line: int, indent: int) -> bool:
    """Return whether the line at an offset is in a list item of a line shortly before it."""
    for above in reversed(text[max(0, line - 4_000) : line].split("\n")):
        body = above.lstrip(" \t")
        if body and len(above) - len(body) < indent:
            return re.match(r"(?:[-*+]|\d{1,9}[.)])[ \t]", body) is not None
    return False


def _placeholder(match: re.Match[str]) -> str:
    """Return ``<latest-version>`` for a shortcode that stands for a value of the site, or its words."""
    if match["code"] or not match["name"]:
        return match[0]
    if match["end"]:
        return ""
    arguments = read_arguments(match["rest"]) if match["rest"] else Arguments()
    name = match["name"].lower().replace("_", "-")
    words = " ".join(words_of(name, arguments, inside=True)) if name not in ("tabs", "tab") else ""
    value = posixpath.splitext(posixpath.basename(arguments.first))[0] if "/" in arguments.first else arguments.first
    return words or f"<{value or match['name']}>"


def _expression(match: re.Match[str]) -> str:
    if match["code"]:
        return match[0]
    if match["block"]:  # Handlebars in manual pages: {{#option "`--dry-run`"}}
        words = "" if match["block"] == "tabs" else " ".join(_QUOTED.findall(match["words"]))
        return f"\n\n{words}\n\n" if words else ""
    if match["call"] is None:
        return ""
    arguments = read_arguments(match["call"])
    first = arguments.quoted[0] if arguments.quoted else ""
    named_words = [value for key, value in arguments.order if key in _CALL_WORDS]
    others = [value for value in (*arguments.quoted[1:], *named_words) if value]
    if not others:
        # A macro that links a name: {{ godoc('Collection') }}.
        return first if " " in first else f"`{first}`" if first else ""
    inside = _is_inside(match, "")
    named = first if re.fullmatch(r"[\d.v]+|.* .*", first) else f"`{first}`"
    return _placed([named, *others] if first else others, match, inside)
