"""Lenient stubs for Sphinx's directives.

docutils refuses unknown directives and leaves an error message in the page. Here each becomes plain docutils nodes (a
container with a label, a literal block); nothing is executed or fetched. ``directive_names`` maps names to stubs,
``includes`` holds the directives that read files, ``inline`` the roles, ``tree`` the walk over the resulting tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from doc_assets.formats.directive_kinds import VERSION_LABELS, holds_for_html

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
            while start < limit and lines[start].strip() and (start == 0 or not _OPTION.match(lines[start])):
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


class Drop(SphinxDirective):
    """Drops navigation, build instructions and files from elsewhere: none is text of this page."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        return []


class Container(SphinxDirective):
    """Keeps the content and drops the argument, which only states layout."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        _, _, content = self.split()
        return [self.body(content)] if content else []


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
        label = self.paragraph(label).astext() if re.search(r"[^\W\d]", label) else ""
        return [self.body(content, label)]


class Admonition(SphinxDirective):
    """Notes, warnings and version changes: keeps the name as the label; the text begins with the argument."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        name = self.name.lower()
        argument, _, content = self.split()
        if name == "admonition":
            return [self.body(content, self.paragraph(argument).astext())]
        if name in VERSION_LABELS:
            version, rest = [*argument.split(None, 1), "", ""][:2]
            label = f"{VERSION_LABELS[name]} {version}".strip()
        else:
            label, rest = "See also" if name == "seealso" else name.capitalize(), argument
        box = self.body(content, label)
        if rest.strip():
            box.insert(0, self.paragraph(rest))
        return [box]


class Literal(SphinxDirective):
    """Code and diagrams: keeps the content verbatim, the caption as a label; the argument is the language."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split(argument_lines=1)
        text = "\n".join(content)
        if not text.strip() and self.name.lower() == "math":
            text = argument
        listing = nodes.literal_block(text, text)
        caption = options.get("caption")
        return [nodes.container("", listing, label=caption) if caption else listing]


class ParsedLiteral(SphinxDirective):
    """Code that contains inline markup."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, content = self.split(argument_lines=1)
        text = "\n".join([argument, *content] if argument else content)
        children, _ = self.state.inline_text(text, self.lineno)
        return [nodes.literal_block(text, "", *children)]


class Signature(SphinxDirective):
    """Descriptions of functions, classes and options: keeps the signatures verbatim, then the content."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split(below=True)
        signature = re.sub(r"\\(?=\W)", "", argument).strip()
        domain, _, kind = self.name.lower().rpartition(":")
        if signature and domain == "http":
            signature = f"{kind.upper()} {signature}"
        if signature and "\n" not in signature:
            signature += f": {options['type']}" if options.get("type") else ""
            signature += f" = {options['value']}" if options.get("value") else ""
        box = self.body(content)
        if members := _names(options.get("members", "").split(",")):
            box.insert(0, members)
        if signature:
            box.insert(0, nodes.literal_block(signature, signature, signature=True))
        return [box]


class PythonClass(SphinxDirective):
    """The two meanings of ``class``: a style in docutils, a Python class (capitals or brackets) in Sphinx."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, _ = self.split()
        return Signature.run(self) if re.search(r"[A-Z(]", argument) else Container.run(self)  # pyright: ignore[reportArgumentType]


class NameList(SphinxDirective):
    """``autosummary``, ``kernel-doc``: lists the names of items described elsewhere, in one line."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        _, options, content = self.split()
        lists = [options.get(name, "") for name in ("identifiers", "functions")]
        names = _names([*content, *(name for names in lists for name in re.split(r"[\s,]+", names))])
        return [names] if names else []


def _names(names: Iterable[str]) -> nodes.paragraph | None:
    text = ", ".join(name.strip().lstrip("~!") for name in names if name.strip())
    return nodes.paragraph(text, text) if text else None


class Glossary(SphinxDirective):
    """Terms and meanings; joins terms that share a meaning, as reStructuredText has no list for those."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        _, _, content = self.split()
        terms: list[int] = []
        for number, line in enumerate(content):
            if line.strip() and not line[0].isspace():
                terms.append(number)
                continue
            if line.strip() and len(terms) > 1:
                content[terms[-1]] = ", ".join(content[term].strip() for term in terms)
                for term in terms[:-1]:
                    content[term] = ""
            terms = []
        return [self.body(content)]


class Only(SphinxDirective):
    """Keeps the content if the expression holds for an HTML build, as the published pages do."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, content = self.split(argument_lines=1)
        return [self.body(content)] if holds_for_html(argument) else []


class ListTable(SphinxDirective):
    """``list-table`` and ``flat-table``: keeps rows of uneven length, for which docutils refuses the table."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, content = self.split()
        box = self.body(content, self.paragraph(argument).astext() if argument else "")
        box["list_table"] = True
        return [box]


class Picture(SphinxDirective):
    """Images and figures: keeps alternative text with words in it, caption and legend; never reads the file."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split(argument_lines=1)
        image = nodes.image(alt=options.get("alt", ""), uri=argument)
        if self.name.lower() == "image" or not content:
            return [image]
        return [image, self.body(content)]


class Unknown(SphinxDirective):
    """Any other directive: keeps the argument as a paragraph, options that carry content, then the content."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split()
        stated = [f"{name}: {value}" for name, value in options.items() if re.search(r"\w[\s=].*\w", value, re.DOTALL)]
        box = self.body(content)
        if stated:
            text = "\n".join([self.name, *stated])
            box.insert(0, nodes.literal_block(text, text))
        if re.search(r"[^\W\d]", argument):
            box.insert(0, self.paragraph(argument))
        return [box]


_SINGLE_COLON = re.compile(
    r"^([ \t]*\.\. (?:attention|caution|code|code-block|danger|hint|important|note|tip|warning):)(?=\s)", re.I | re.M
)


def repaired(source: str) -> str:
    """Complete directives written with one colon (``.. note:``), which docutils drops as comments, content included."""
    return _SINGLE_COLON.sub(r"\1:", source)
