"""Inline reStructuredText: docutils' inline parser with every role known as its text, and bounded work.

Nothing is executed or looked up. Directives are in ``directives``, the block parser in ``parser``.
"""

from __future__ import annotations

import re
from types import SimpleNamespace

from docutils import nodes
from docutils.frontend import Values
from docutils.parsers.rst.states import Inliner

from doc_assets.formats.html.fragments import inline_words
from doc_assets.formats.roles import CODE_ROLES, ROLE_PREFIXES, is_textless, shortcut_text

# docutils searches for the end of each inline mark to the end of its paragraph, so that unclosed marks take quadratic
# time: 9,000 characters with 3,000 of them take 1.2 s. None of 650 Sphinx and kernel pages passed 0.9 million of this
# product of characters and marks; past the limit, marks stay as written.
MAX_INLINE_WORK = 20_000_000

# A simple table has a cell for each column in each line: 4,000 characters of rulers and letters make 390,000 cells and
# take 9 s. None of 655 pages passed 0.05 million of the parser's ``_table_work``.
MAX_TABLE_WORK = 5_000_000

# docutils tries a long run of name characters from every start: 25,000 of `:a:a:a` take 12 s.
_LONG_NAME = re.compile(r"[\w.:+-]{200,}")

_MARKS = re.compile(r"[*`|_\[\\]")
_ROLE_TARGET = re.compile(r"(?<=[^\s<])\s*<[^<>]*>$", re.DOTALL)
_SHIFTED = {
    **dict.fromkeys(("sup", "superscript"), nodes.superscript),
    **dict.fromkeys(("sub", "subscript"), nodes.subscript),
}
_SPANS = frozenset(("cspan", "rspan"))  # of cells of the kernel's flat-table
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")  # in ``:file:`` and ``:samp:``: shown in italics


class SphinxInliner(Inliner):
    """docutils' inline parser for one page, with every role known; ``work`` is spent up to ``max_work``."""

    def __init__(self, max_work: int = MAX_INLINE_WORK, max_table_work: int = MAX_TABLE_WORK) -> None:
        """Start with no work spent; the page's tables find their limit here."""
        super().__init__()
        self.work = 0
        self._bases: dict[str, str] = {}  # roles that the page defines, and the roles that they are based on
        self.max_work = max_work
        self.max_table_work = max_table_work

    def init_customizations(self, settings: Values) -> None:
        """Set up docutils' patterns without the one for bare addresses, whose text is in the page already."""
        super().init_customizations(settings)
        self.implicit_dispatch.clear()

    def define_role(self, name: str, base: str) -> None:
        """Read a role of the page's own (for ``""``: text without a role) as another one from here on."""
        base = base.lower()
        self._bases[name.lower()] = self._bases.get(base, base)

    def parse(self, text: str, lineno: int, memo: SimpleNamespace, parent: nodes.Element) -> tuple[list, list]:
        """Parse as docutils does; keep a paragraph as written if it would exceed ``max_work``."""
        if not _MARKS.search(text):
            return [nodes.Text(text)] if text else [], []
        work = len(text) * sum(map(text.count, "*`|_["))
        work += sum(len(name) ** 2 for name in _LONG_NAME.findall(text))
        if self.work + work > self.max_work:
            return [nodes.Text(text)], []
        self.work += work
        return super().parse(text, lineno, memo, parent)

    def interpreted(self, rawsource: str, text: str, role: str, lineno: int) -> tuple[list, list]:
        """Return the text of a role: its title if it has one; names of code as an inline literal."""
        role = (role or "").lower()
        role = self._bases.get(role, role)
        kind = role.rpartition(":")[2]
        if is_textless(role):
            return [], []
        if kind in ("math", "eq"):
            return [nodes.literal(rawsource, nodes.unescape(text, restore_backslashes=True))], []
        if kind.startswith("raw-html"):
            return [nodes.inline(rawsource, inline_words(nodes.unescape(text, restore_backslashes=True)))], []
        text = nodes.unescape(text)
        if kind in _SHIFTED:
            return [_SHIFTED[kind](rawsource, text)], []
        if kind in _SPANS:
            return [nodes.inline(rawsource, "", span=(kind, text))], []
        if kind in ("samp", "file"):
            text = _PLACEHOLDER.sub(r"\1", text)
        titled = _ROLE_TARGET.search(text) if len(text) < 2_000 else None
        text = text[: titled.start()] if titled else ROLE_PREFIXES.get(kind, "") + text.lstrip("!~")
        if kind in ("guilabel", "menuselection"):
            text = shortcut_text(text)
        elif kind == "numref":  # only Sphinx knows the number
            text = text.replace("%s", "").strip()
        if titled and kind in ("ref", "doc") and not any(character.isalnum() for character in text):
            return [], []  # a sign that leads to the place itself
        if kind in CODE_ROLES:
            return [nodes.literal(rawsource, text)], []
        if kind == "ref" and not titled:  # the title of the section with that label, which ``tree`` knows
            return [nodes.inline(rawsource, text, label=nodes.fully_normalize_name(text))], []
        return [nodes.inline(rawsource, text)], []


# docutils builds its patterns from the strings on the class itself, not on its base classes.
for _name, _pattern in vars(Inliner).items():
    if isinstance(_pattern, str) and not _name.startswith("__"):
        setattr(SphinxInliner, _name, _pattern)
