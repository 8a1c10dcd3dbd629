"""Lenient stubs for Sphinx's directives.

docutils refuses unknown directives and leaves an error message in the page. Here each becomes plain docutils nodes (a
container with a label, a literal block); nothing is executed or fetched. ``directive_names`` maps names to stubs,
``descriptions`` holds those of functions, options and terms, ``includes`` those that read files, ``inline`` the roles,
``tree`` the walk over the resulting tree.
"""

from __future__ import annotations

import re

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from doc_assets.formats.directive_kinds import holds_for_html, note_label

_OPTION = re.compile(r" {0,8}:([\w][\w -]{0,60}):(?:[ \t]+(.*))?$")


class SphinxDirective(Directive):
    """Base of all stubs: takes the whole block, as docutils' own splitting refuses it for one unknown option."""

    has_content = True
    option_spec = None

    def split(
        self, argument_lines: int | None = None, *, below: bool = False
    ) -> tuple[str, dict[str, str], StringList]:
        """Return the argument's text, the options, and the lines of content.

        Args:
            argument_lines: Maximum number of argument lines; None for all up to a blank line or an option.
            below: Allow the argument to begin in the line below the directive's name.
        """
        lines = self.content
        start = 0
        is_below = below and self.content_offset == self.lineno and not (lines and _OPTION.match(lines[0]))
        if self.content_offset == self.lineno - 1 or is_below:
            limit = len(lines) if argument_lines is None else min(argument_lines, len(lines))
            while start < limit and lines[start].strip() and (start == 0 or not _OPTION.match(str(lines[start]))):
                start += 1
        argument = "\n".join(lines[:start])
        options: dict[str, str] = {}
        if self.content_offset <= self.lineno:  # no blank line between the directive and what follows
            name = None
            while start < len(lines) and lines[start].strip():
                if match := _OPTION.match(lines[start]):
                    name = match.group(1).lower()
                    options[name] = match.group(2) or ""
                elif name is not None and lines[start][0].isspace():
                    options[name] += "\n" + lines[start].strip()
                else:
                    break
                start += 1
        while start < len(lines) and not lines[start].strip():
            start += 1
        return argument, options, lines[start:]

    def body(self, content: StringList, label: str = "") -> nodes.container:
        """Return a container with the content parsed as a body; section titles are allowed in it."""
        box = nodes.container(label=label) if label else nodes.container()
        if content:
            offset = self.content_offset + max(0, len(self.content) - len(content))
            self.state.nested_parse(content, offset, box, match_titles=True)
        return box

    def paragraph(self, text: str) -> nodes.paragraph:
        """Return a paragraph with the inline markup of ``text`` parsed."""
        children, _ = self.state.inline_text(text, self.lineno)
        return nodes.paragraph(text, "", *children)

    def words(self, text: str) -> str:
        """Return the words of ``text`` in one line, without inline markup."""
        return " ".join(self.paragraph(text).astext().split())


class Drop(SphinxDirective):
    """Drops navigation, build instructions and files from elsewhere: none is text of this page."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        return []


_ROLE_DEFINITION = re.compile(r"([\w.+:-]+)\s*(?:\(\s*([\w.+:-]+)\s*\))?")


class Role(SphinxDirective):
    """``role:: name(base)``: text with the new role reads as text with the role that it is based on."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, _ = self.split()
        if match := _ROLE_DEFINITION.match(argument.strip()):
            base = (match[2] or "inline").lower()
            if base == "raw":
                base = "raw-html" if "html" in options.get("format", "").lower() else "raw-latex"
            self.state.memo.inliner.define_role(match[1], base)
        return []


class DefaultRole(SphinxDirective):
    """``default-role:: math``: the role of text between single backticks from here on."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, _ = self.split()
        self.state.memo.inliner.define_role("", argument.strip() or "inline")
        return []


class Container(SphinxDirective):
    """Keeps the content and drops the argument, which only states layout."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        name = self.name.lower()
        if name in ("epigraph", "highlights", "pull-quote"):  # may begin on this line; the last may name an author
            return self.state.block_quote(self.content, self.content_offset)  # pyrefly: ignore[missing-attribute] - in Body
        _, _, content = self.split()
        if not content:
            return []
        box = self.body(content)
        if name == "tab-set-code":  # sphinx-design labels each listing with its language
            for listing in list(box.children):
                if isinstance(listing, nodes.literal_block) and listing.get("language"):
                    box.replace(listing, nodes.container("", listing.deepcopy(), label=listing["language"].upper()))
        return [box]


class Labelled(SphinxDirective):
    """Keeps the content, and the argument as its label: tabs, cards, topics, tables with a caption."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split()
        if "card" in self.name:  # rules separate its header and footer from its body
            for number, line in enumerate(content):
                if re.fullmatch(r"\s*(?:\+{3,}|\^{3,})\s*", line):
                    content[number] = ""
        label = argument or options.get("summary", "") or options.get("title", "")
        # Grids state their columns as the argument.
        label = self.words(label) if re.search(r"[^\W\d]", label) else ""
        stated = [label, *(self.words(options[name]) for name in ("subtitle", "caption") if options.get(name))]
        return [self.body(content, ": ".join(filter(None, stated)))]


class Admonition(SphinxDirective):
    """Notes, warnings and version changes: keeps the name as the label; the text begins with the argument."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        name = self.name.lower()
        argument, options, content = self.split()
        if name == "admonition":
            return [self.body(content, self.words(argument))]
        label, rest = note_label(name, argument)
        box = self.body(content, label)
        if not rest.strip() and options.get("title"):
            rest = options["title"]
        if rest.strip():
            box.insert(0, self.paragraph(rest))
        return [box]


class Literal(SphinxDirective):
    """Code and diagrams: keeps the content verbatim, the caption as a label; the argument is the language."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split(argument_lines=1)
        caption = options.get("caption", "").strip()
        return captioned("\n".join(content), self.words(caption) if caption else None, argument.strip())


class TabLiteral(SphinxDirective):
    """Code in a tab (``code-tab:: bash Fish shell``): keeps the tab's title as a label, or else the language."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split(argument_lines=1)
        language, _, title = argument.strip().partition(" ")
        stated = [self.words(text) for text in (title, options.get("caption", "")) if text.strip()]
        return captioned("\n".join(content), ": ".join(stated) or language)


class Formula(SphinxDirective):
    """A formula, verbatim: the argument and the content."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, content = self.split()
        return captioned("\n\n".join(filter(str.strip, (argument, "\n".join(content)))), None)


def captioned(text: str, caption: str | None, language: str = "") -> list[nodes.Node]:
    """Return a listing, below its caption if there is one; nothing for a blank text."""
    if not text.strip():
        return []
    listing = nodes.literal_block(text, text, language=language)
    return [nodes.container("", listing, label=caption) if caption else listing]


class ParsedLiteral(SphinxDirective):
    """Code that contains inline markup."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, content = self.split(argument_lines=1)
        text = "\n".join([argument, *content] if argument else content)
        children, _ = self.state.inline_text(text, self.lineno)
        return [nodes.literal_block(text, "", *children)]


class Only(SphinxDirective):
    """Keeps the content if the expression holds for an HTML build, as the published pages do."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, content = self.split(argument_lines=1)
        return [self.body(content)] if holds_for_html(argument) else []


class ListTable(SphinxDirective):
    """``list-table`` and ``flat-table``: keeps rows of uneven length, for which docutils refuses the table."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split()
        box = self.body(content, self.words(argument) if argument else "")
        heads = options.get("header-rows", "").strip()
        box["list_table"] = int(heads) if re.fullmatch(r"\d{1,3}", heads) else 0
        return [box]


class Picture(SphinxDirective):
    """Images and figures: keeps alternative text with words in it, caption and legend; never reads the file."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split(argument_lines=1)
        image = nodes.image(alt=options.get("alt", ""), uri=argument)
        if self.name.lower() == "image" or not content:
            return [image]
        return [image, self.body(content)]


_SINGLE_COLON = re.compile(
    r"^([ \t]*\.\. (?:attention|caution|code|code-block|danger|hint|important|note|tip|warning):)(?=\s)", re.I | re.M
)


def repaired(source: str) -> str:
    """Complete directives written with one colon (``.. note:``), which docutils drops as comments, content included."""
    return _SINGLE_COLON.sub(r"\1:", source)
