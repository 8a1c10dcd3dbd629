"""What the directives of docutils, Sphinx, its usual extensions, MyST and the Linux kernel hold, by their names.

One table for both notations: ``rst.directive_names`` gives each kind the stub that reads it in reStructuredText,
``markdown.directives`` reads them in MyST's Markdown.
"""

from __future__ import annotations

import ast
from enum import StrEnum


class Kind(StrEnum):
    """What a directive holds, and thereby what a reader sees of its argument, options and content."""

    DROPPED = "dropped"  # navigation, build instructions, files from elsewhere
    CONTAINER = "container"  # content; the argument states layout
    LABELLED = "labelled"  # a label, and content
    ADMONITION = "admonition"  # content that may begin in the argument
    LISTING = "listing"  # code or a drawing's source; the argument is the language
    TAB_LISTING = "listing in a tab"  # code; the argument is the language and the tab's title
    PRODUCTIONS = "productions"  # rules of a grammar, which begin in the argument
    MATHS = "maths"  # a formula
    VERBATIM = "verbatim"  # preformatted text, indented as its notation wants
    PARSED_LISTING = "parsed listing"  # code with inline markup
    SIGNATURE = "signature"  # signatures, and content
    CLASS = "class"  # a style in docutils, a Python class in Sphinx
    NAMES = "names"  # names of items that are described elsewhere
    GLOSSARY = "glossary"
    CONDITION = "condition"  # content for some builds
    LIST_TABLE = "list table"
    CSV_TABLE = "csv table"
    PICTURE = "picture"
    INCLUDE = "include"
    LISTING_OF_FILE = "listing of a file"
    RAW = "raw"  # another format's source: HTML is shown, the others are for other outputs
    RST = "reStructuredText"
    UNKNOWN = "unknown"


_NAMES = {
    Kind.DROPPED: """audit-event-table bibliography contents date default-domain default-role doxygenclass
        doxygenfile doxygenfunction doxygenstruct footer header highlight highlightlang image-sg index kernel-abi
        kernel-feat maintainers-include meta module moduleauthor sectionauthor codeauthor currentmodule program
        py:module py:currentmodule openapi role section-numbering sectnum spelling spelling:word-list std:program
        swaggerv2doc tabularcolumns target-notes tags testcleanup testsetup title toctree todo todolist userlist
        video youtube""",
    Kind.CONTAINER: """button-link button-ref compound container cssclass epigraph highlights hlist jinja
        pull-quote rst-class tabs tab-set tab-set-code div card-carousel grid""",
    Kind.LABELLED: """card centered collapse details dropdown group-tab grid-item grid-item-card rubric sidebar tab
        tab-item table topic""",
    Kind.ADMONITION: """admonition attention availability caution danger deprecated deprecated-removed error hint
        impl-detail important note seealso soft-deprecated tip versionadded versionchanged versionremoved
        version-added version-changed version-deprecated version-removed warning""",
    Kind.LISTING: """actdiag blockdiag code code-block code-cell console digraph doctest grammar-snippet graph graphviz
        ipython jupyter-execute kernel-render mermaid plantuml plot prompt seqdiag sourcecode testcode testoutput
        uml tikz""",
    Kind.TAB_LISTING: "code-tab",
    Kind.PRODUCTIONS: "productionlist",
    Kind.RAW: "raw",
    Kind.MATHS: "math",
    Kind.VERBATIM: "",
    Kind.PARSED_LISTING: "parsed-literal literal",
    Kind.SIGNATURE: """abstractmethod attribute autoattribute autoclass autodata autoexception autofunction
        automethod automodule autoproperty awaitablefunction awaitablemethod classmethod cmdoption confval
        coroutinefunction coroutinemethod data decorator decoratormethod describe envvar exception function macro
        method monitoring-event object opcode option pdbcommand property staticmethod type""",
    Kind.CLASS: "class",
    Kind.NAMES: "autosummary kernel-doc",
    Kind.GLOSSARY: "glossary",
    Kind.CONDITION: "only ifconfig",
    Kind.LIST_TABLE: "list-table flat-table",
    Kind.CSV_TABLE: "csv-table",
    Kind.PICTURE: "image figure kernel-figure kernel-image thumbnail",
    Kind.INCLUDE: "include kernel-include",
    Kind.LISTING_OF_FILE: "exampleinclude literalinclude remoteliteralinclude rli",
    Kind.RST: "eval-rst",
}
VERSION_LABELS = {
    **dict.fromkeys(("versionadded", "version-added"), "Added in version"),
    **dict.fromkeys(("versionchanged", "version-changed"), "Changed in version"),
    **dict.fromkeys(("versionremoved", "version-removed"), "Removed in version"),
    **dict.fromkeys(("deprecated", "version-deprecated", "deprecated-removed"), "Deprecated since"),
    "soft-deprecated": "Soft deprecated since",
}
_NOTE_LABELS = {"seealso": "See also", "impl-detail": "CPython implementation detail"}
_BY_NAME = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_SIGNATURE_DOMAINS = frozenset(("c", "cpp", "go", "http", "js", "php", "py", "rb", "rst", "rust", "std"))


def kind_of(name: str) -> Kind:
    """Return what the directive of that name holds, ``UNKNOWN`` if no other kind names it."""
    name = name.lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    domain, colon, _ = name.partition(":")
    return Kind.SIGNATURE if colon and domain in _SIGNATURE_DOMAINS else Kind.UNKNOWN


def holds_for_html(expression: str) -> bool:
    """Return whether an ``only`` expression is true for a release's HTML build; True if it does not parse."""
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


def note_label(name: str, argument: str) -> tuple[str, str]:
    """Return the label of an ``ADMONITION`` other than ``admonition``, and what of its argument begins its text."""
    name = name.lower()
    if name not in VERSION_LABELS:
        return _NOTE_LABELS.get(name, name.capitalize()), argument
    words = argument.split(None, 1)
    label = " ".join([VERSION_LABELS[name], *words[:1]])
    if name == "deprecated-removed" and len(words) > 1:
        words = words[1].split(None, 1)
        label += f", removed in version {words[0]}"
    return label, words[1] if len(words) > 1 else ""
