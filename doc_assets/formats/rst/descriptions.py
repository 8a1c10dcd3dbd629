"""Stubs of the directives that describe items: functions, types, options, settings, terms, grammars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from docutils import nodes

from doc_assets.formats.rst.directives import Container, SphinxDirective, captioned

_SHOWN_AFTER = ("type", "value", "annotation")  # options that stand behind the signature
# Options without a value that stand before the signature, as Sphinx writes them there.
_MODIFIERS = {
    "final": "final",
    "abstract": "abstract",
    "abstractmethod": "abstractmethod",
    "async": "async",
    "classmethod": "classmethod",
    "static": "static",
    "staticmethod": "static",
    "property": "property",
}
_CLASSES = frozenset(("class", "exception", "autoclass", "autoexception"))
# What belongs to a module; methods and attributes belong to their class.
_OF_A_MODULE = frozenset((
    "function", "data", "class", "exception", "decorator", "coroutinefunction", "awaitablefunction", "autofunction",
    "autodata", "autoclass", "autoexception", "autodecorator",
))  # fmt: skip
# Kinds of items that a page names before the signature, by domain.
_TYPES = {
    **{name: name for name in ("struct", "union", "enum", "enumerator", "type", "class", "concept")},
    "enum-class": "enum class",
    "enum-struct": "enum struct",
}
_KINDS: dict[str, dict[str, str]] = {
    "py": {
        **{name: name for name in ("class", "exception", "property", "classmethod", "abstractmethod")},
        "staticmethod": "static",
        **dict.fromkeys(("coroutinefunction", "coroutinemethod"), "coroutine"),
        **dict.fromkeys(("awaitablefunction", "awaitablemethod"), "awaitable"),
    },
    "c": _TYPES,
    "cpp": _TYPES,
    "js": {"class": "class"},
}
# Options for links, indexes and layout; any other that has a value is a fact about the item.
_UNSHOWN_NAMES = """
    canonical class display domain group language meta-type module name noindex no-index no-index-entry noindexentry
    nocontentsentry no-contents-entry no-typesetting platform synopsis single-line-parameter-list
    single-line-type-parameter-list multi-line-parameter-list tparam-line-spec
"""
_UNSHOWN = frozenset(_UNSHOWN_NAMES.split())


class Signature(SphinxDirective):
    """Descriptions of functions, classes and options: keeps the signatures verbatim, the facts, then the content."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, options, content = self.split(below=True)
        domain, _, kind = self.name.lower().rpartition(":")
        signature = re.sub(r"\\(?=\W)", "", argument).strip()
        if signature and domain == "http":
            signature = f"{kind.upper()} {signature}"
        if domain in ("", "py"):
            signature = self._qualified(signature, kind)
        if signature and (shown := _KINDS.get(domain or "py", {}).get(kind.removeprefix("auto"))):
            lines = signature.split("\n")
            signature = "\n".join(line if line.startswith(f"{shown} ") else f"{shown} {line}" for line in lines)
        facts: list[tuple[str, str]] = []
        if kind.startswith("auto"):
            members = _names(options.get("members", "").split(","))
        else:
            members = None
            if kind != "confval" and signature and "\n" not in signature:
                signature = _completed(signature, options)
                options = {name: value for name, value in options.items() if name not in _SHOWN_AFTER}
            facts = [(name, value) for name, value in options.items() if value.strip() and name not in _UNSHOWN]
        memo = vars(self.state.memo)
        around = memo.get("in_class", False)
        memo["in_class"] = around or kind in _CLASSES
        box = self.body(content)
        memo["in_class"] = around
        if members:
            box.insert(0, members)
        if facts:
            box.insert(0, nodes.field_list("", *(_fact(name, self.paragraph(value)) for name, value in facts)))
        if signature:
            box.insert(0, nodes.literal_block(signature, signature, signature=True))
        return [box]

    def _qualified(self, signature: str, kind: str) -> str:
        """Return the signatures with the module that the page names above them, as Sphinx shows them."""
        memo = vars(self.state.memo)
        sign = "@" if kind.startswith("decorator") else ""
        module = memo.get("module", "") if kind in _OF_A_MODULE and not memo.get("in_class") else ""
        if kind == "automodule":
            memo["module"] = signature
        if not (sign or module):
            return signature
        lines = signature.split("\n")
        named = [
            bool(line.strip()) and "." not in re.split(r"[(\[\s:=]", line.strip(), maxsplit=1)[0] for line in lines
        ]
        prefix = f"{module}." if module else ""
        return "\n".join(sign + (prefix if own else "") + line.strip() for line, own in zip(lines, named, strict=True))


class Module(SphinxDirective):
    """``module``, ``currentmodule``: shows nothing; the descriptions that follow have the module's name."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, _ = self.split(argument_lines=1)
        name = argument.strip()
        vars(self.state.memo)["module"] = name if re.fullmatch(r"\w+(?:\.\w+)*", name) and name != "None" else ""
        return []


def _fact(name: str, value: nodes.paragraph) -> nodes.field:
    title = name.replace("-", " ").capitalize()
    return nodes.field("", nodes.field_name("", title), nodes.field_body("", value))


def _completed(signature: str, options: Mapping[str, str]) -> str:
    """Return a signature with what its options say of it: ``async drain(node)``, ``size: int = 3``."""
    modifiers = [shown for name, shown in _MODIFIERS.items() if name in options and not options[name]]
    signature = " ".join([*modifiers, signature])
    signature += f": {options['type']}" if options.get("type") else ""
    signature += f" = {options['value']}" if options.get("value") else ""
    return f"{signature} {options['annotation']}" if options.get("annotation") else signature


class PythonClass(Signature):
    """The two meanings of ``class``: a style in docutils, a Python class (capitals or brackets) in Sphinx."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, _ = self.split()
        return Signature.run(self) if re.search(r"[A-Z(]", argument) else Container.run(self)  # pyrefly: ignore[bad-argument-type]


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
                if line.startswith(".. "):
                    continue
                content[number] = re.split(r"\s+:\s+", line)[0]  # behind the colon is a key of the index
                terms.append(number)
                continue
            if line.strip() and len(terms) > 1:
                content[terms[-1]] = ", ".join(content[term].strip() for term in terms)
                for term in terms[:-1]:
                    content[term] = ""
            terms = []
        return [self.body(content)]


class Productions(SphinxDirective):
    """``productionlist``: keeps the rules of a grammar verbatim, without the marks of links."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        lines = [*self.content]
        if lines and ":" not in lines[0] and self.content_offset == self.lineno - 1:
            lines = lines[1:]  # the group of the rules
        return captioned(re.sub(r"`[!~]?(?:[\w-]*:)?(\w+)`", r"\1", "\n".join(lines).strip("\n")), None)


class AuditEvent(SphinxDirective):
    """CPython's ``audit-event:: open path,mode``: keeps the sentence that the page makes of it."""

    def run(self) -> list[nodes.Node]:  # noqa: D102
        argument, _, content = self.split()
        if content:
            return [self.body(content)]
        name, *stated = argument.split(None, 2)
        values = [f"``{value}``" for part in stated[:1] for value in part.strip("'\"").split(",") if value.strip()]
        arguments = f"argument{'s' if len(values) > 1 else ''} {', '.join(values)}" if values else "no arguments"
        return [self.paragraph(f"Raises an auditing event ``{name}`` with {arguments}.")] if name else []
