"""The words of a paragraph, a heading or a cell from CommonMark's inline marks, parsed by markdown-it.

``blocks`` finds the paragraphs; marks of dialects are rewritten before (``inline_marks``, ``inline_attributes``).
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from doc_assets.formats.markdown.components import words_of
from doc_assets.formats.markdown.raised import KEY, RAISED_TAGS, RaisedText, write_keys
from doc_assets.formats.markdown.raw_html import alt_text, attributes_of, is_markup, strip_links

# markdown-it is quadratic in unmatched brackets and CDATA marks inside one paragraph: 5,000 take 1 to 4 s, 30 nothing.
_MAX_BRACKETS, _MAX_DECLARATIONS = 30, 50
_PLAIN_LENGTH = 2_000  # characters; shorter paragraphs cannot be slow
_MARKUP = re.compile(r"[\\`*_\[<&!$~]")
_CODE_SPAN = re.compile(r"`([^`]+)`")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,60}\]:?")
_COMMIT = re.compile(r"`?[0-9a-f]{7,40}`?")  # change logs link entries to commits: six useless tokens each
_REFERENCE = re.compile(r"(?<![\w\])])\[([^\[\]\n]{1,300})\]\[[^\[\]\n]{0,300}\]")  # without a definition
_TAG = re.compile(r"<(/?)([A-Za-z][\w.:-]*)(.*?)>$", re.DOTALL)
_SPACES = re.compile(r"[ \t\xa0]+")
# fmt: off
_BREAKS = frozenset((
    "br", "p", "div", "li", "tr", "dt", "dd", "ul", "ol", "summary", "details", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "center",
))
# fmt: on
_CODE = frozenset(("code", "kbd", "samp"))


class InlineReader:
    """Reads the paragraphs of one document.

    Args:
        parser: Parses the inline marks.
        closed: Element names that the document closes (``raw_html.closed_names``).
        environment: The document's definitions of links, as the parser has found them.
    """

    def __init__(self, parser: MarkdownIt, closed: frozenset[str], environment: dict) -> None:
        """Store what the paragraphs share; see the class."""
        self._parser = parser
        self._closed = closed
        self._environment = environment

    def read(self, content: str, *, marks: bool = True) -> tuple[str, str | None]:
        """Return the clean text of a paragraph, a heading or a cell, and the anchor that it sets, if any."""
        if not _MARKUP.search(content):
            return _tidy(content), None
        # Of 45,000 paragraphs and cells 5,900 hold inline code and no other markup: these need not be parsed.
        if "`" in content and "``" not in content and not _MARKUP.search(_CODE_SPAN.sub("", content)):
            return _tidy(_CODE_SPAN.sub(_code_with_marks if marks else _code, content)), None
        if len(content) > _PLAIN_LENGTH and _is_pathological(content):
            return _tidy(strip_links(content)), None
        children: list[Token] = []
        self._parser.inline.parse(content, self._parser, self._environment, children)
        words: list[str] = []
        raised = RaisedText(words)
        anchor = None
        commit_at = -1
        key_ends = -1  # words in front of the end of a key in another
        code_depth = 0
        for number, child in enumerate(children):
            kind = child.type
            if kind in ("text", "text_special"):
                words.append(_FOOTNOTE.sub("", child.content) if "[^" in child.content else child.content)
            elif kind == "code_inline":
                if _is_bracketed(children, number, words):  # a link to an item, which only rustdoc resolves
                    words[-1] = words[-1][:-1]
                    children[number + 1].content = children[number + 1].content[1:]
                words.append(f"`{child.content}`" if marks else child.content)
            elif kind in ("softbreak", "hardbreak"):
                words.append("\n")
            elif kind == "link_open":
                target = str(child.attrs.get("href"))
                commit_at = len(words) if "/commit/" in target else -1
                raised.open_link(target)
            elif kind == "link_close":
                if commit_at >= 0 and _COMMIT.fullmatch("".join(words[commit_at:])):
                    del words[commit_at:]
                raised.close_link()
            elif kind == "html_inline":
                match = _TAG.match(child.content)
                if match is None:
                    continue  # comments, declarations
                name = match[2].lower()
                if name in _CODE:
                    code_depth = max(0, code_depth - 1) if match[1] else code_depth + 1
                    if marks and code_depth == (0 if match[1] else 1):
                        words.append(KEY if name == "kbd" else "`")
                    elif match[1] and code_depth:
                        key_ends = len(words)
                    elif name == "kbd" and key_ends == len(words):
                        words.append("+")  # keys beside each other in a shortcut
                elif name in RAISED_TAGS:
                    raised.close(name) if match[1] else raised.open(name)
                else:
                    shown, own = self._tag(child.content, match)
                    if name == "a":
                        self._follow_link(raised, match)
                    words.append(shown)
                    anchor = anchor or own
            elif kind == "image":
                words.append(alt_text(child.content, str(child.attrs.get("src", ""))))
            elif kind.startswith("math_inline"):
                words.append(f"{child.markup}{child.content}{child.markup}")
        text = write_keys("".join(words))
        if "][" in text and not any("][" in child.content for child in children if child.type == "code_inline"):
            text = _REFERENCE.sub(r"\1", text)
        return _tidy(text), anchor

    def _follow_link(self, raised: RaisedText, tag: re.Match[str]) -> None:
        if tag[1]:
            raised.close_link()
        elif target := attributes_of(tag[3]).get("href"):
            raised.open_link(target)

    def _tag(self, tag: str, match: re.Match[str]) -> tuple[str, str | None]:
        """Return the visible text of an inline tag, and the anchor that it sets."""
        name, raw = match[2], match[3]
        if not is_markup(name, raw, self._closed):
            return tag, None
        lower = name.lower()
        if match[1]:
            return "\n" if lower in _BREAKS else "", None
        values = attributes_of(raw) if "=" in raw else {}
        if lower == "img":
            return alt_text(values.get("alt", ""), values.get("src", "")), None
        if name[0].isupper():
            words = " ".join(words_of(name, values))
            return f"{words}\n" if words and not raw.endswith("/") else words, None
        anchor = values.get("id") or (values.get("name") if lower == "a" else None)
        return "\n" if lower in _BREAKS else "", anchor


def _code(span: re.Match[str]) -> str:
    """Return the code of a span as CommonMark reads it."""
    code = span[1].replace("\n", " ")
    return code[1:-1] if code[0] == code[-1] == " " and code.strip() else code


def _code_with_marks(span: re.Match[str]) -> str:
    return f"`{_code(span)}`"


def _is_bracketed(children: list[Token], i: int, words: list[str]) -> bool:
    """Return whether inline code is alone in brackets that no definition made a link."""
    if not words or not words[-1].endswith("[") or words[-1][-2:-1].isalnum() or i + 1 >= len(children):
        return False
    after = children[i + 1]
    return after.type == "text" and after.content.startswith("]") and after.content[1:2] not in ("[", "(")


def _is_pathological(content: str) -> bool:
    if content.count("<!") > _MAX_DECLARATIONS:
        return True
    depth = 0
    for mark in re.findall(r"[\[\]]", content):
        depth = depth + 1 if mark == "[" else max(0, depth - 1)
        if depth > _MAX_BRACKETS:
            return True
    return False


def _tidy(text: str) -> str:
    """Remove double spaces, white space at the ends of lines, and empty lines."""
    if "  " in text or "\t" in text or "\xa0" in text:
        text = _SPACES.sub(" ", text)
    lines = [line.strip() for line in text.split("\n")]
    return "\n".join(line for line in lines if line)
