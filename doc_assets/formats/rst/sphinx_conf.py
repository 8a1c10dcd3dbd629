"""Substitutions declared in a ``conf.py``, which is parsed and never run.

Evaluates literals, names, ``+``, ``%``, ``str.format``, f-strings, ``strip``, files of the source that are opened and
read, an empty environment, and ``if`` over such values. Everything else is unknown, and so is what depends on it.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable, Iterable
from typing import Final

from doc_assets.errors import DocumentRejected
from doc_assets.formats.charset import decode

_MAX_CONF = 200_000  # characters; Cilium's has 9,000
_MAX_TEXT = 20_000  # characters of one value; bounds repeated doubling
_MAX_DEPTH = 40  # nested expressions

# An unknown value, and its mark inside a text that is otherwise known.
_UNKNOWN: Final = object()
_GAP = "\ue000"

_Value = object  # str, int, bool, None or _UNKNOWN
_DEFINITION = re.compile(r"\.\. \|([^|\n]+)\| \w+::.*$")


def declared_substitutions(conf: bytes, folder: str, read: Callable[[str], bytes | None]) -> str:
    """Return the substitution definitions of ``rst_prolog`` and ``rst_epilog``, and ``|version|`` and ``|release|``.

    Args:
        conf: Bytes of the file.
        folder: Folder of the file; the paths that it opens are relative to it.
        read: Reads a file of the source, as ``Neighbours.read``.

    Returns:
        reStructuredText of definitions only; those with an unknown part are left out.
    """
    try:
        source = decode(conf)
        body = ast.parse(source).body if len(source) <= _MAX_CONF else []
    except (SyntaxError, ValueError, RecursionError, MemoryError, DocumentRejected):
        return ""
    module = _Module(folder, read)
    module.follow(body)
    lines: list[str] = []
    for name in ("rst_prolog", "rst_epilog"):
        text = module.values.get(name)
        if isinstance(text, str):
            lines += [line.strip() for line in text.split("\n") if _DEFINITION.match(line.strip())]
    for name in ("version", "release"):
        value = module.values.get(name)
        if isinstance(value, str) and value and "\n" not in value:
            lines.append(f".. |{name}| replace:: {value}")
    return "\n".join(line for line in lines if _GAP not in line) + "\n"


class _Module:
    """Known values of a module's names."""

    def __init__(self, folder: str, read: Callable[[str], bytes | None]) -> None:
        self.values: dict[str, _Value] = {}
        self._folder = folder
        self._read = read

    def follow(self, body: Iterable[ast.stmt]) -> None:
        """Record the values that the statements assign; names assigned by other kinds of statement become unknown."""
        for statement in body:
            if isinstance(statement, ast.Assign) and all(isinstance(t, ast.Name) for t in statement.targets):
                value = self.value(statement.value)
                self.values.update((target.id, value) for target in statement.targets if isinstance(target, ast.Name))
            elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
                self.values[statement.target.id] = self.value(statement.value)
            elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
                known = self.values.get(statement.target.id, _UNKNOWN)
                self.values[statement.target.id] = _joined(statement.op, known, self.value(statement.value))
            elif isinstance(statement, ast.If) and (test := self.value(statement.test)) is not _UNKNOWN:
                self.follow(statement.body if test else statement.orelse)
            elif not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                for node in ast.walk(statement):
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                        self.values[node.id] = _UNKNOWN

    def value(self, node: ast.expr, depth: int = 0) -> _Value:
        """Return the value of an expression, or ``_UNKNOWN``."""
        if depth > _MAX_DEPTH:
            return _UNKNOWN
        inner = depth + 1
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, (str, int, type(None))) else _UNKNOWN
        if isinstance(node, ast.Name):
            return self.values.get(node.id, _UNKNOWN)
        if isinstance(node, ast.BinOp):
            return _joined(node.op, self.value(node.left, inner), self._operand(node.right, inner))
        if isinstance(node, ast.JoinedStr):
            parts = [self._formatted(part, inner) for part in node.values]
            return _bounded("".join(parts))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            operand = self.value(node.operand, inner)
            return operand if operand is _UNKNOWN else not operand
        if isinstance(node, ast.BoolOp):
            return self._either(node, inner)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return _compared(node.ops[0], self.value(node.left, inner), self.value(node.comparators[0], inner))
        if isinstance(node, ast.IfExp):
            test = self.value(node.test, inner)
            return _UNKNOWN if test is _UNKNOWN else self.value(node.body if test else node.orelse, inner)
        if isinstance(node, ast.Call):
            return self._call(node, inner)
        return _UNKNOWN

    def _operand(self, node: ast.expr, depth: int) -> _Value:
        """Return the right operand of an operator: a tuple if ``%`` takes several values."""
        if isinstance(node, ast.Tuple):
            return tuple(_shown(self.value(element, depth)) for element in node.elts)
        return self.value(node, depth)

    def _either(self, node: ast.BoolOp, depth: int) -> _Value:
        value: _Value = _UNKNOWN
        for operand in node.values:
            value = self.value(operand, depth)
            if value is _UNKNOWN or bool(value) is isinstance(node.op, ast.Or):
                return value
        return value

    def _formatted(self, part: ast.expr, depth: int) -> str:
        if isinstance(part, ast.FormattedValue):
            plain = part.format_spec is None and part.conversion == -1
            return _shown(self.value(part.value, depth)) if plain else _GAP
        return _shown(self.value(part, depth))

    def _call(self, node: ast.Call, depth: int) -> _Value:
        if ast.unparse(node.func) in ("os.environ.get", "os.getenv", "environ.get", "getenv"):  # nothing is set
            return self.value(node.args[1], depth) if len(node.args) > 1 else None
        if not isinstance(node.func, ast.Attribute):
            return _UNKNOWN
        method, subject = node.func.attr, node.func.value
        if method == "read" and not node.args and isinstance(subject, ast.Call):
            return self._content(subject, depth)
        text = self.value(subject, depth)
        if not isinstance(text, str):
            return _UNKNOWN
        arguments = [self.value(argument, depth) for argument in node.args]
        if method in ("strip", "lstrip", "rstrip") and len(arguments) <= 1:
            known = all(isinstance(argument, str) for argument in arguments)
            return getattr(text, method)(*arguments) if known and _GAP not in text else _UNKNOWN
        if method == "format":
            named = {k.arg: _shown(self.value(k.value, depth)) for k in node.keywords if k.arg}
            return _filled(text, [_shown(argument) for argument in arguments], named)
        return _UNKNOWN

    def _content(self, opening: ast.Call, depth: int) -> _Value:
        """Return the result of an expression like ``open("../VERSION").read()``."""
        if ast.unparse(opening.func) != "open" or not opening.args:
            return _UNKNOWN
        target = self.value(opening.args[0], depth)
        if not isinstance(target, str) or target.startswith("/") or _GAP in target:
            return _UNKNOWN
        data = self._read(posixpath.normpath(posixpath.join(self._folder, target)))
        try:
            return _UNKNOWN if data is None else _bounded(decode(data))
        except DocumentRejected:
            return _UNKNOWN


def _shown(value: _Value) -> str:
    return _GAP if value is _UNKNOWN else str(value)


def _bounded(text: str) -> _Value:
    return text if len(text) <= _MAX_TEXT else _UNKNOWN


def _joined(operator: ast.operator, left: _Value, right: _Value) -> _Value:
    """Return ``left + right`` of texts, one of which may be unknown, or ``left % right``."""
    if isinstance(operator, ast.Add) and (isinstance(left, str) or isinstance(right, str)):
        return _bounded(_shown(left) + _shown(right))
    if isinstance(operator, ast.Mod) and isinstance(left, str):
        values = right if isinstance(right, tuple) else (_shown(right),)
        if re.search(r"%(?![s%])", left) or left.replace("%%", "").count("%s") != len(values):
            return _UNKNOWN
        return _bounded(left % values)
    return _UNKNOWN


def _compared(operator: ast.cmpop, left: _Value, right: _Value) -> _Value:
    if _GAP in _shown(left) or _GAP in _shown(right):
        return _UNKNOWN
    if isinstance(operator, (ast.Eq, ast.Is)):
        return left == right
    if isinstance(operator, (ast.NotEq, ast.IsNot)):
        return left != right
    if isinstance(operator, ast.In) and isinstance(left, str) and isinstance(right, str):
        return left in right
    return _UNKNOWN


def _filled(template: str, places: list[str], names: dict[str, str]) -> _Value:
    """Return ``template.format(…)`` for plain fields: no attributes, indices or format specifications."""
    unnamed = iter(places)

    def value(match: re.Match[str]) -> str:
        field = match.group(1)
        if match.group() in ("{{", "}}"):
            return match.group()[0]
        if not field:
            return next(unnamed, _GAP)
        if field.isdecimal():
            return places[int(field)] if int(field) < len(places) else _GAP
        return names.get(field, _GAP)

    return _bounded(re.sub(r"\{\{|\}\}|\{([^{}]*)\}", value, template))
