"""What Sphinx adds to reStructuredText, as far as its text matters: a lenient stub for every directive and every role.

docutils alone refuses what it does not know and leaves an error message in the page. Here each directive becomes plain
docutils nodes (a container with a label, a literal block), an unknown one keeps its argument and content, and each role
becomes its text. Nothing is executed, included or fetched. The walk over the resulting tree is in ``rst_tree``.
"""

from __future__ import annotations

import ast
import contextlib
import re
import threading
from collections.abc import Iterator
from types import SimpleNamespace

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.parsers.rst.directives.misc import Replace, Unicode
from docutils.parsers.rst.directives.tables import CSVTable
from docutils.parsers.rst.states import Inliner
from docutils.statemachine import StringList

_OPTION = re.compile(r":([\w][\w -]{0,60}):(?:[ \t]+(.*))?$")
# A name before `::`, as docutils' own `simplename`; the look-behind keeps the scan linear on a megabyte of one word.
_DIRECTIVE_NAME = re.compile(r"(?<![\w.+:-])((?:(?!_)\w)+(?:[-._+:](?:(?!_)\w)+)*) ?::(?=\s|$)")
_ROLE_TARGET = re.compile(r"(?<=[^\s<])\s*<[^<>]*>$", re.DOTALL)

# docutils looks for the end of each inline mark up to the end of its paragraph, so that a paragraph of marks that never
# end takes quadratic time: 9,000 characters with 3,000 of them take 1.2 s. Of 650 Sphinx and kernel pages none passed
# 0.9 million of this product of characters and marks; past the limit, marks stay as they are written.
MAX_INLINE_WORK = 20_000_000


class SphinxDirective(Directive):
    """Base of all stubs: takes the directive's block as it is, so that a bad option never costs the content.

    docutils' own splitting into arguments and options refuses the whole block for one unknown option.
    """

    has_content = True
    option_spec = None

    def split(self, argument_lines: int | None = None) -> tuple[str, dict[str, str], StringList]:
        """The argument's text, the options, and the lines of content.

        Args:
            argument_lines: At most so many lines are argument; None takes all up to a blank line or an option.
        """
        lines = self.content
        start = 0
        if self.content_offset == self.lineno - 1:
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
        """A container with the content parsed as a body; section titles are allowed in it."""
        box = nodes.container(label=label) if label else nodes.container()
        if content:
            offset = self.content_offset + max(0, len(self.content) - len(content))
            self.state.nested_parse(content, offset, box, match_titles=True)
        return box

    def paragraph(self, text: str) -> nodes.paragraph:
        """A paragraph with the inline markup of ``text`` parsed."""
        children, _ = self.state.inline_text(text, self.lineno)
        return nodes.paragraph(text, "", *children)


class Drop(SphinxDirective):
    """Navigation, build instructions, files from elsewhere: no text of this page."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        return []


class Container(SphinxDirective):
    """Keeps the content; the argument only says how it looks."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        _, _, content = self.split()
        return [self.body(content)] if content else []


class Labelled(SphinxDirective):
    """Keeps the content, and the argument as its label: tabs, cards, topics, tables with a caption."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split()
        label = argument or options.get("summary", "") or options.get("title", "")
        # Grids state their columns as the argument.
        label = self.paragraph(label).astext() if re.search(r"[^\W\d]", label) else ""
        return [self.body(content, label)]


_VERSION_LABELS = {
    "versionadded": "Added in version",
    "versionchanged": "Changed in version",
    "versionremoved": "Removed in version",
    "deprecated": "Deprecated since",
}


class Admonition(SphinxDirective):
    """Note, warning, version changes: the name stays as the label, the argument is where the text begins."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        name = self.name.lower()
        argument, _, content = self.split()
        if name == "admonition":
            return [self.body(content, self.paragraph(argument).astext())]
        if name in _VERSION_LABELS:
            version, _, rest = argument.partition(" ")
            label = f"{_VERSION_LABELS[name]} {version}".strip()
        else:
            label, rest = "See also" if name == "seealso" else name.capitalize(), argument
        box = self.body(content, label)
        if rest.strip():
            box.insert(0, self.paragraph(rest))
        return [box]


class Literal(SphinxDirective):
    """Code and diagrams: the content verbatim, the caption as a label. The argument is the language."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split(argument_lines=1)
        text = "\n".join(content)
        if not text.strip() and self.name.lower() == "math":
            text = argument
        listing = nodes.literal_block(text, text)
        caption = options.get("caption")
        return [nodes.container("", listing, label=caption) if caption else listing]


class ParsedLiteral(SphinxDirective):
    """Code with inline markup in it."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, content = self.split(argument_lines=1)
        text = "\n".join([argument, *content] if argument else content)
        children, _ = self.state.inline_text(text, self.lineno)
        return [nodes.literal_block(text, "", *children)]


class Signature(SphinxDirective):
    """Descriptions of functions, classes, options: signatures verbatim, then the content."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, content = self.split()
        signature = re.sub(r"\\(?=\W)", "", argument)
        box = self.body(content)
        if signature.strip():
            box.insert(0, nodes.literal_block(signature, signature, signature=True))
        return [box]


class PythonClass(SphinxDirective):
    """``class`` is a style name in docutils and a Python class in Sphinx: an argument in capitals or brackets tells."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, _ = self.split()
        return Signature.run(self) if re.search(r"[A-Z(]", argument) else Container.run(self)  # pyright: ignore[reportArgumentType]


class NameList(SphinxDirective):
    """``autosummary``: the names, as a list in one line."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        _, _, content = self.split()
        names = [line.strip().lstrip("~!") for line in content if line.strip()]
        return [nodes.paragraph("", ", ".join(names))] if names else []


class Only(SphinxDirective):
    """Keeps the content if the expression holds for an HTML build, as the published pages do."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, content = self.split(argument_lines=1)
        return [self.body(content)] if holds_for_html(argument) else []


class ListTable(SphinxDirective):
    """``list-table`` and ``flat-table``: rows of uneven length are kept, where docutils refuses the table."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, content = self.split()
        box = self.body(content, self.paragraph(argument).astext() if argument else "")
        box["list_table"] = True
        return [box]


class Picture(SphinxDirective):
    """Images and figures: the alternative text if it holds words, the caption and legend, never the file."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split(argument_lines=1)
        image = nodes.image(alt=options.get("alt", ""), uri=argument)
        if self.name.lower() == "image" or not content:
            return [image]
        return [image, self.body(content)]


class Unknown(SphinxDirective):
    """Any other directive: the argument as a paragraph, options that carry content, then the content."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split()
        told = [f"{name}: {value}" for name, value in options.items() if re.search(r"\w[\s=].*\w", value, re.DOTALL)]
        box = self.body(content)
        if told:
            text = "\n".join([self.name, *told])
            box.insert(0, nodes.literal_block(text, text))
        if re.search(r"[^\W\d]", argument):
            box.insert(0, self.paragraph(argument))
        return [box]


def holds_for_html(expression: str) -> bool:
    """Whether an ``only`` expression is true for a release's HTML build; what cannot be read counts as true."""
    if len(expression) > 200:
        return True
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return True

    def value(node: ast.expr) -> bool:
        if isinstance(node, ast.BoolOp):
            return (all if isinstance(node.op, ast.And) else any)(value(part) for part in node.values)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return not value(node.operand)
        if isinstance(node, ast.Name):
            return node.id in ("html", "builder_html", "format_html", "stable")
        return True

    return value(tree)


_SINGLE_COLON = re.compile(
    r"^([ \t]*\.\. (?:attention|caution|code|code-block|danger|hint|important|note|tip|warning):)(?=\s)", re.I | re.M
)


def repaired(source: str) -> str:
    """Completes directives written with one colon (``.. note:``); docutils takes those for comments, content too."""
    return _SINGLE_COLON.sub(r"\1:", source)


_STUBS: dict[type[Directive], str] = {
    Drop: """bibliography contents date default-domain default-role doxygenclass doxygenfile doxygenfunction
        doxygenstruct footer header highlight highlightlang image-sg include index kernel-doc kernel-abi kernel-feat
        kernel-include literalinclude maintainers-include meta module moduleauthor sectionauthor codeauthor
        currentmodule py:module py:currentmodule openapi raw role section-numbering sectnum spelling
        spelling:word-list swaggerv2doc tabularcolumns tagged-block target-notes tags testcleanup testsetup title
        toctree todo todolist userlist video youtube""",
    Container: """centered compound container cssclass epigraph glossary highlights hlist jinja
        pull-quote rst-class tabs tab-set div card-carousel grid""",
    Labelled: """card collapse details dropdown group-tab grid-item grid-item-card rubric sidebar tab tab-item table
        topic""",
    Admonition: """admonition attention caution danger deprecated error hint important note seealso tip versionadded
        versionchanged versionremoved warning""",
    Literal: """actdiag blockdiag code code-block code-cell digraph doctest graph graphviz ipython
        jupyter-execute kernel-render math mermaid plantuml plot productionlist prompt seqdiag sourcecode testcode
        testoutput uml tikz code-tab""",
    ParsedLiteral: "parsed-literal literal",
    Signature: """attribute autoattribute autoclass autodata autoexception autofunction automethod automodule
        autoproperty cmdoption confval data decorator describe envvar exception function method object option program
        property staticmethod type macro""",
    PythonClass: "class",
    NameList: "autosummary",
    Only: "only ifconfig",
    ListTable: "list-table flat-table",
    Picture: "image figure kernel-figure kernel-image thumbnail",
    Replace: "replace",
    Unicode: "unicode",
    CSVTable: "csv-table",  # refuses its `file` and `url` options where file insertion is off
}
_BY_NAME = {name: stub for stub, names in _STUBS.items() for name in names.split()}
_SIGNATURE_DOMAINS = ("c", "cpp", "go", "http", "js", "php", "py", "rb", "rst", "rust", "std")


def directive_for(name: str) -> type[Directive]:
    """The stub that reads the directive of that name; there is one for every name."""
    name = name.lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    return Signature if name.partition(":")[0] in _SIGNATURE_DOMAINS and ":" in name else Unknown


_REGISTRY_LOCK = threading.Lock()


@contextlib.contextmanager
def sphinx_directives(source: str) -> Iterator[None]:
    """While open, docutils finds a stub for every directive that ``source`` names; then its registry is as before.

    The registry is one table for the whole process: without the restoring, what one page names would change how the
    next is read.
    """
    registry = vars(directives)["_directives"]
    with _REGISTRY_LOCK:
        before = dict(registry)
        try:
            registry.clear()
            registry.update({n.lower(): directive_for(n) for n in set(_DIRECTIVE_NAME.findall(source))})
            yield
        finally:
            registry.clear()
            registry.update(before)


_CODE_ROLE_NAMES = """
    attr attribute class cls code command const constant cpp ctype data dir enum enumerator envvar exc exception expr
    file func function keyword kbd literal macro makevar manpage member meth method mod module obj option program py
    regexp samp source struct texpr token type union var
"""
_CODE_ROLES = frozenset(_CODE_ROLE_NAMES.split())
_TEXTLESS_ROLES = frozenset(
    ("cspan", "rspan", "raw", "index", "raw-html", "raw-latex", "fa", "fab", "far", "fas", "icon")
)
_ICON_ROLE = re.compile(r"material-|octicon|bi-|fa[srb]?-")
_ROLE_PREFIXES = {"rfc": "RFC ", "pep": "PEP ", "cve": "", "gh-issue": "GitHub issue ", "issue": "issue "}


class SphinxInliner(Inliner):
    """docutils' inline parser for one page, in which every role is known and the work is bounded."""

    def __init__(self) -> None:
        """Starts with nothing spent of ``MAX_INLINE_WORK``."""
        super().__init__()
        self.work = 0

    def parse(self, text: str, lineno: int, memo: SimpleNamespace, parent: nodes.Element) -> tuple[list, list]:
        """As in docutils; a paragraph that would take the page past ``MAX_INLINE_WORK`` is taken as it is written."""
        work = len(text) * sum(map(text.count, "*`|_["))
        if self.work + work > MAX_INLINE_WORK:
            return [nodes.Text(text)], []
        self.work += work
        return super().parse(text, lineno, memo, parent)

    def interpreted(self, rawsource: str, text: str, role: str, lineno: int) -> tuple[list, list]:
        """The text of a role: its title where it has one; names of code as an inline literal."""
        role = (role or "").lower()
        kind = role.rpartition(":")[2]
        if kind in _TEXTLESS_ROLES or _ICON_ROLE.match(role):
            return [], []
        if kind in ("math", "eq"):
            return [nodes.literal(rawsource, nodes.unescape(text, restore_backslashes=True))], []
        text = nodes.unescape(text)
        titled = _ROLE_TARGET.search(text) if len(text) < 2_000 else None
        text = text[: titled.start()] if titled else _ROLE_PREFIXES.get(kind, "") + text.lstrip("!~")
        if kind in _CODE_ROLES:
            return [nodes.literal(rawsource, text)], []
        return [nodes.inline(rawsource, text)], []


# docutils builds its patterns from the strings that it finds on the class itself, not on the classes below it.
for _name, _pattern in vars(Inliner).items():
    if isinstance(_pattern, str) and not _name.startswith("__"):
        setattr(SphinxInliner, _name, _pattern)
