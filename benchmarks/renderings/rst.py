"""RST as docutils reads it, with Sphinx' and others' directives and roles as what they hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles
from docutils.utils import Reporter

from benchmarks.renderings.rendering import Rendering
from benchmarks.renderings.tags import without_tags

# Sphinx' and other extensions' directives by what a reader sees of their argument.
_SKIPPED = frozenset(
    (
        *("toctree", "index", "highlight", "currentmodule", "module", "tabularcolumns", "include", "literalinclude"),
        *("image", "figure", "contents", "sectnum", "section-numbering", "raw-include", "autosummary", "meta", "date"),
        *("automodule", "autoclass", "autofunction", "kernel-doc", "kernel-include", "kernel-abi", "kernel-feat"),
        *("kernel-figure", "kernel-image", "bibliography", "target-notes", "header", "footer", "default-domain"),
        *("program", "codeauthor", "sectionauthor", "moduleauthor"),
    )
)
_LISTINGS = ("code-block", "sourcecode", "code", "prompt", "testcode", "testoutput", "testsetup", "kernel-render")
_LITERAL = frozenset((*_LISTINGS, "ipython", "doctest", "graphviz", "mermaid", "plantuml", "jupyter-execute"))
_NO_ARGUMENT = frozenset((*_LISTINGS, "only", "ifconfig", "container", "rst-class", "class", "cssclass"))
_TABLES = {"flat-table": "list-table"}
_SHOWN_OPTIONS = re.compile(r"^:(?:caption|title|subtitle|header|name-text|default|type|header-rows):[ \t]*(.*)$")
_OPTION = re.compile(r"^:[\w-]+:(?:[ \t].*)?$")


class _Any(Directive):
    """A directive that docutils does not know: its argument and what it holds."""

    has_content = True
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the argument and the content, parsed."""
        name = self.name.rpartition(":")[2].lower()
        if name in _SKIPPED:
            return []
        # The machine hands all of the block over when a directive takes nothing.
        lines = list(self.content)
        source = self.block_text.splitlines()
        first = source[0].partition("::")[2].strip() if source else ""
        found: list[nodes.Node] = []
        start = 0
        if lines and first:
            while start < len(lines) and lines[start].strip():
                line = lines[start].strip()
                if shown := _SHOWN_OPTIONS.match(line):
                    found.append(nodes.paragraph("", shown[1]))
                elif not _OPTION.match(line) and name not in _NO_ARGUMENT:
                    found.append(nodes.paragraph("", line))
                start += 1
        else:
            while start < len(lines) and _OPTION.match(lines[start].strip()):
                if shown := _SHOWN_OPTIONS.match(lines[start].strip()):
                    found.append(nodes.paragraph("", shown[1]))
                start += 1
        if name == "only" and not _holds(first):
            return []
        if name in _LITERAL:
            found.append(nodes.literal_block("", "\n".join(lines[start:])))
            return found
        holder = nodes.container()
        self.state.nested_parse(self.content[start:], self.content_offset + start, holder)
        return [*found, *holder.children]


def _holds(expression: str) -> bool:
    """Return whether Sphinx shows what stands below ``only`` in the HTML of a release."""

    def value(node: ast.AST) -> bool:
        match node:
            case ast.BoolOp(op=ast.And(), values=values):
                return all(map(value, values))
            case ast.BoolOp(values=values):
                return any(map(value, values))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not value(operand)
            case ast.Name(id=name):
                return name in ("html", "format_html", "builder_html", "stable")
        return True

    try:
        return value(ast.parse(expression.strip(), mode="eval").body)
    except SyntaxError:
        return True


def _any_role(name: str, rawtext: str, text: str, *_: object, **__: object) -> tuple[list[nodes.Node], list]:
    shown = re.match(r"(.*?)\s*<[^<>]*>\Z", text, re.DOTALL)
    bare = name.lower().rpartition(":")[2]
    if shown:
        text = shown[1]
    elif bare in ("ref", "doc", "numref", "download", "any"):
        return [], []
    elif text.startswith("~"):
        text = text.rpartition(".")[2]
    return [nodes.literal("", text.lstrip("!~"))], []


@contextmanager
def _lenient() -> Iterator[None]:
    """Let docutils take any directive and any role, and restore it: the product uses docutils too."""
    known_directive, known_role = directives.directive, roles.role

    def directive(name: str, language: object, document: nodes.document) -> tuple[Any, list]:
        bare = _TABLES.get(name, name)
        if bare in _SKIPPED or bare in ("code-block", "sourcecode", "code"):
            return _Any, []
        found, messages = known_directive(bare, language, document)
        return (found, messages) if found is not None else (_Any, [])

    def role(name: str, language: object, line: int, reporter: Reporter) -> tuple[Any, list]:
        found, messages = known_role(name, language, line, reporter)
        return (found, messages) if found is not None else (_any_role, [])

    directives.directive, roles.role = directive, role
    try:
        yield
    finally:
        directives.directive, roles.role = known_directive, known_role


_RST_SETTINGS = {
    "report_level": 5,
    "halt_level": 5,
    "file_insertion_enabled": False,
    "_disable_config": True,
    "input_encoding": "unicode",
    "raw_enabled": True,
    "doctitle_xform": False,
    "docinfo_xform": True,
    "smart_quotes": False,
    "syntax_highlight": "none",
}
_UNSEEN_NODES = (
    nodes.comment,
    nodes.substitution_definition,
    nodes.system_message,
    nodes.docinfo,
    nodes.meta,
    nodes.footnote_reference,
    nodes.citation_reference,
    nodes.label,
)


def rst(source: str) -> Rendering:
    """Return the words of an RST page as docutils reads it, with a directive or role of Sphinx as what it holds."""
    with _lenient():
        tree = publish_doctree(source.removeprefix("\ufeff"), settings_overrides=_RST_SETTINGS)
    for node in list(tree.findall(lambda node: isinstance(node, (*_UNSEEN_NODES, nodes.raw)))):
        if isinstance(node, nodes.raw) and node.get("format") == "html":
            node.replace_self(nodes.paragraph("", without_tags(node.astext())))
        elif node.parent is not None:
            node.parent.remove(node)
    code = [node.astext() for node in tree.findall(lambda node: isinstance(node, (nodes.literal, nodes.literal_block)))]
    return Rendering(tree.astext(), "\n".join(code))
