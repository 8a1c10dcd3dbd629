"""Removes what documentation tools add to a page for language models: it is no documentation, but an instruction.

Sentences that send agents to ``llms.txt`` (Mintlify, GitBook, Fern, Cloudflare), GitBook's chapter on how to query its
pages, and the labels of "Copy page" and "Open in ChatGPT" buttons. A page *about* ``llms.txt`` keeps its words: a
sentence is removed only if it addresses agents or offers "the complete documentation index".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from doc_assets.document import Block
from doc_assets.formats.parts import Heading, Part

_LONGEST = 1_000  # characters; the longest one seen, GitBook's with two addresses, has 500
_MARKS = " \t\n>*_#`-•|:"

_AGENTS = (
    r"(?:ai|llms?|bots?|crawlers?|(?:ai |llm |coding )?(?:agents?|assistants?)|(?:large )?language models?"
    r"|ai (?:bots?|crawlers?|models?|readers?|systems?|tools?))"
)
_ADDRESSED = re.compile(
    r"(?P<to>(?:note|hint|notice|instructions?|attention|message)\W{0,3}(?:for|to)\s|(?:for|to|dear|hello|hey|hi)\s)?"
    r"(?P<you>(?:(?:if|when) )?(?:you are|you're|you\u2019re|are you) )?(?:an? |any |all |the |other )?"
    rf"{_AGENTS}(?:(?: and |/|, | or ){_AGENTS})?\b(?!-\w)\s*(?(to)|(?(you)|[:!?\u2013\u2014-]))",
    re.IGNORECASE,
)
_SENT_TO = re.compile(
    r"\bllms(?:-full)?\.txt\b|\bdocumentation index\b|\bmarkdown (?:version|source|twin|copy)|\.md\b[^.]{0,40}\burl"
    r"|\bappend(?:ing)? `?\.md\b|\bin markdown format\b",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"\b(?:complete|full|entire) (?:documentation|page) index\b.{0,200}\bllms(?:-full)?\.txt\b"
    r"|\bllms(?:-full)?\.txt\b.{0,200}\b(?:complete|full|entire) (?:documentation|page) index\b"
    r"|\buse this file to discover all available pages before exploring\b"
    r"|\bmarkdown versions of (?:the )?documentation pages are available by appending\b"
    r"|\bthis page is (?:also )?available as markdown\b.{0,200}\bllms(?:-full)?\.txt\b",
    re.IGNORECASE | re.DOTALL,
)
_CHAPTER = re.compile(r"agent instructions\b.{0,40}\bdocumentation", re.IGNORECASE)
_INDEX = re.compile(r"documentation index", re.IGNORECASE)

_ASSISTANTS = (
    r"(?:chat ?gpt|claude(?: code)?|perplexity|gemini|grok|(?:github )?copilot|cursor|kimi|le chat|mistral|deepseek"
    r"|scira(?: ai)?|t3 chat|v0|windsurf|codex|google ai studio)"
)
_BUTTON = re.compile(
    r"copy (?:this )?page(?: as markdown| content| for llms?)*|(?:copy|view|open) (?:this |the )?(?:page )?as markdown"
    r"(?: for llms?)?|copy (?:as )?markdown(?: for llms?)?|view (?:this page |the page )?as (?:markdown|plain text)"
    rf"|open (?:this page |page )?in {_ASSISTANTS}|ask {_ASSISTANTS}(?: about this page)?"
    r"|ask questions about this page|copy mcp server(?: url)?",
    re.IGNORECASE,
)
_BUTTON_BESIDE = re.compile(  # labels that are boilerplate only in the menu of the others
    r"(?:connect to|install in|open in|add to) (?:cursor|vs ?code|claude|windsurf)|copy (?:page )?(?:link|url)"
    r"|copied!?|copy|view (?:this )?page as plain text|edit (?:this )?page|more|or",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"[\s.…↗→|·•\u2013\u2014-]*")  # labels in one line
_HINT = re.compile(r"llms|[Aa]gent|AGENT|\bAI\b|appending|[Cc]opy|[Mm]arkdown|[Oo]pen (?:this page |page )?in |[Aa]sk ")
# One of these stands in the source of every page that holds a note or a button.
# fmt: off
_TRACES = (
    "llms", "umentation index", "umentation Index", "nstructions: Querying", "arkdown format", "opy page",
    "opy this page", "pen in ", "s Markdown", "s markdown", "arkdown version",
)
# fmt: on


def may_hold_agent_notes(text: str) -> bool:
    """Return whether a page needs ``drop_agent_notes``: a cheap test of its source."""
    return any(trace in text for trace in _TRACES)


def is_agent_note(text: str) -> bool:
    """Return whether a paragraph sends agents to an index or to another version of the page."""
    if len(text) > _LONGEST or not _HINT.search(text):
        return False
    words = " ".join(text.split()).strip(_MARKS)
    return _NOTE.search(words) is not None or (
        _ADDRESSED.match(words) is not None and _SENT_TO.search(words) is not None
    )


def is_page_button(text: str) -> bool:
    """Return whether a paragraph or list holds only labels of buttons that hand the page to an assistant."""
    if len(text) > _LONGEST or not _HINT.search(text):
        return False
    lines = [line.strip(_MARKS).rstrip(".…↗→ ") for line in text.split("\n") if line.strip(_MARKS)]
    buttons = [line for line in lines if _BUTTON.fullmatch(line) or (_BUTTON.match(line) and _is_row_of_buttons(line))]
    return bool(buttons) and all(line in buttons or _BUTTON_BESIDE.fullmatch(line) for line in lines)


def _is_row_of_buttons(line: str) -> bool:
    """Return whether a line holds labels alone, one behind another as an item of a menu and what it does are."""
    position = 0
    while position < len(line):
        found = _BUTTON.match(line, position) or _BUTTON_BESIDE.match(line, position)
        if found is None:
            return False
        position = found.end() + len(between[0] if (between := _BETWEEN.match(line, found.end())) else "")
    return True


def drop_agent_notes(parts: Sequence[Part]) -> list[Part]:
    """Return the parts of a page without notes to agents and buttons; listings stay as they are."""
    kept: list[Part] = []
    chapter = 0  # level of the heading of GitBook's chapter, while in it
    for part in parts:
        if isinstance(part, Heading):
            chapter = 0 if part.level <= chapter else chapter
            if not chapter and _CHAPTER.match(part.text):
                chapter = part.level
        if chapter:
            continue
        if isinstance(part, Block) and part.kind in ("prose", "list") and _is_boilerplate(part.text):
            last = kept[-1] if kept else None
            if isinstance(last, (Block, Heading)) and _INDEX.fullmatch(last.text.strip(_MARKS)):
                kept.pop()  # the title of Mintlify's note
            continue
        kept.append(part)
    return kept


def _is_boilerplate(text: str) -> bool:
    return is_agent_note(text) or is_page_button(text)
