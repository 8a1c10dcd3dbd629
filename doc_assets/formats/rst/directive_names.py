"""Directive names of docutils, Sphinx, its usual extensions and the Linux kernel, each with the stub that reads it."""

from __future__ import annotations

from docutils.parsers.rst import Directive
from docutils.parsers.rst.directives.misc import Replace, Unicode

from doc_assets.formats.rst.directives import (
    Admonition,
    Container,
    Drop,
    Glossary,
    Labelled,
    ListTable,
    Literal,
    NameList,
    Only,
    ParsedLiteral,
    Picture,
    PythonClass,
    Signature,
    Unknown,
)
from doc_assets.formats.rst.includes import FileTable, Include, LiteralInclude

_STUBS: dict[type[Directive], str] = {
    Drop: """bibliography contents date default-domain default-role doxygenclass doxygenfile doxygenfunction
        doxygenstruct footer header highlight highlightlang image-sg index kernel-abi kernel-feat
        kernel-include maintainers-include meta module moduleauthor sectionauthor codeauthor
        currentmodule py:module py:currentmodule openapi raw role section-numbering sectnum spelling
        spelling:word-list swaggerv2doc tabularcolumns tagged-block target-notes tags testcleanup testsetup title
        toctree todo todolist userlist video youtube""",
    Container: """button-link button-ref compound container cssclass epigraph highlights hlist jinja
        pull-quote rst-class tabs tab-set div card-carousel grid""",
    Labelled: """card centered collapse details dropdown group-tab grid-item grid-item-card rubric sidebar tab
        tab-item table topic""",
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
    NameList: "autosummary kernel-doc",
    Glossary: "glossary",
    Only: "only ifconfig",
    ListTable: "list-table flat-table",
    Picture: "image figure kernel-figure kernel-image thumbnail",
    Replace: "replace",
    Unicode: "unicode",
    FileTable: "csv-table",
    Include: "include",
    LiteralInclude: "literalinclude",
}
_BY_NAME = {name: stub for stub, names in _STUBS.items() for name in names.split()}
_SIGNATURE_DOMAINS = ("c", "cpp", "go", "http", "js", "php", "py", "rb", "rst", "rust", "std")


def directive_for(name: str) -> type[Directive]:
    """Return the stub that reads the directive of that name: ``Unknown`` if no other does."""
    name = name.lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    return Signature if name.partition(":")[0] in _SIGNATURE_DOMAINS and ":" in name else Unknown
