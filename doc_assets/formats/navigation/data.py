"""Reads the data of navigation files, with limits: YAML with unknown tags, JSON, and scripts that are plain literals.

Nothing is executed: a script with a call, a variable or an import in its data gives nothing.
"""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Mapping

import yaml

from doc_assets.formats.navigation.page import LONGEST

_MAX_ALIASES = 20  # with merge keys, n aliases can multiply to about 1.4**n nodes
_DEEPEST = 60  # nested brackets: parsers recurse once per open one
_ALIAS = re.compile(r"(?:^|[\s\[,{:-])\*\w", re.MULTILINE)
_DEEP = re.compile(r"(?:[-?:][ \t]+){40}")  # collections that open on one line
_BRACKET = re.compile(r"[\[\]{}]")
_HEAD = re.compile(r"(?P<fence>---|\+\+\+)[ \t]*\n(?P<block>.*?)^(?P=fence)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_LONGEST_HEAD = 64 * 1024  # bytes


class _Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # pyrefly: ignore[invalid-inheritance]
    """Safe YAML in which a value with a tag of a program (``!!python/name:…``, ``!ENV``) is nothing."""

    yaml_constructors: dict = dict(yaml.SafeLoader.yaml_constructors)  # noqa: RUF012 - PyYAML's own class attribute


_Loader.add_constructor(None, lambda loader, node: None)  # the default


def read_data(data: bytes, name: str) -> object:
    """Return the data of a file by its name's suffix; None where it cannot be read within the limits."""
    if len(data) > LONGEST:
        return None
    text = data.decode("utf-8-sig", "replace")
    suffix = posixpath.splitext(name)[1]
    if suffix == ".json":
        return _json(text)
    return _yaml(text) if suffix in (".yml", ".yaml", "") else _script(text)


def front_matter(data: bytes) -> Mapping[str, object]:
    """Return the facts at the head of a page in YAML, TOML or JSON; none where there are none."""
    text = data[:_LONGEST_HEAD].decode("utf-8-sig", "replace").replace("\r\n", "\n")
    match = _HEAD.match(text)
    if match is None:
        facts = _script_value(text, 0) if text.startswith("{") and not _too_deep(text) else None
    elif match["fence"] == "---":
        facts = _yaml(match["block"])
    elif _too_deep(match["block"]):
        facts = None
    else:
        try:
            facts = tomllib.loads(match["block"])
        except (tomllib.TOMLDecodeError, ValueError, RecursionError):
            facts = None
    return facts if isinstance(facts, Mapping) else {}


def _json(text: str) -> object:
    if _too_deep(text):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _script_value(text, 0)  # with comments or trailing commas, as some tools allow


def _yaml(text: str) -> object:
    if len(_ALIAS.findall(text)) > _MAX_ALIASES or _DEEP.search(text) or _too_deep(text):
        return None
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    # Besides YAMLError, PyYAML's constructors raise the errors of int(), base64 and re on odd scalars.
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None


def _too_deep(text: str) -> bool:
    depth = 0
    for bracket in _BRACKET.findall(text):
        depth += 1 if bracket in "[{" else -1
        if depth > _DEEPEST:
            return True
    return False


_EXPORT = re.compile(r"(?:\bexport\s+default\b|\bmodule\.exports\s*=)\s*")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_TOKEN = re.compile(
    r"""(?:\s++|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+
    (?:(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.)*`)
    |(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_$][\w$]*)|(?P<mark>[\[\]{}:,])|(?P<end>\Z))""",
    re.DOTALL | re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "", "f": "", "v": "", "0": "", "\n": ""}
_CONSTANTS: Mapping[str, object] = {"true": True, "false": False, "null": None, "undefined": None}


class _NoLiteral(Exception):
    """The script's data is not a plain literal."""


def _script(text: str) -> object:
    """Return the literal that a script exports, also by the name of a constant; None for anything else."""
    export = _EXPORT.search(text)
    if export is None or _too_deep(text):
        return None
    start = export.end()
    if named := _NAME.match(text, start):
        constant = re.search(rf"\b(?:const|let|var)\s+{re.escape(named[0])}\b\s*(?::[^=]{{1,300}})?=\s*", text)
        if constant is None:
            return None
        start = constant.end()
    return _script_value(text, start)


def _script_value(text: str, start: int) -> object:
    try:
        value, _ = _value(text, start, 0)
    except _NoLiteral:
        return None
    return value


def _token(text: str, at: int) -> re.Match[str]:
    match = _TOKEN.match(text, at)
    if match is None or match["end"] is not None:
        raise _NoLiteral
    return match


def _value(text: str, at: int, depth: int) -> tuple[object, int]:
    token = _token(text, at)
    if depth > _DEEPEST:
        raise _NoLiteral
    if token["string"]:
        return _unescaped(token["string"]), token.end()
    if token["number"]:
        return float(token["number"]) if "." in token["number"] else int(token["number"][:15]), token.end()
    if token["name"] in _CONSTANTS:
        return _CONSTANTS[token["name"]], token.end()
    if token["mark"] == "{":
        return _object(text, token.end(), depth)
    if token["mark"] == "[":
        return _array(text, token.end(), depth)
    raise _NoLiteral


def _object(text: str, at: int, depth: int) -> tuple[object, int]:
    found: dict[str, object] = {}
    while (token := _token(text, at))["mark"] != "}":
        if token["string"]:
            key = _unescaped(token["string"])
        elif token["name"] or token["number"]:
            key = token["name"] or token["number"]
        else:
            raise _NoLiteral
        colon = _token(text, token.end())
        if colon["mark"] != ":":
            raise _NoLiteral
        found[key], at = _value(text, colon.end(), depth + 1)
        at = _after_member(text, at, "}")
    return found, token.end()


def _array(text: str, at: int, depth: int) -> tuple[object, int]:
    found: list[object] = []
    while (_token(text, at))["mark"] != "]":
        value, at = _value(text, at, depth + 1)
        found.append(value)
        at = _after_member(text, at, "]")
    return found, _token(text, at).end()


def _after_member(text: str, at: int, closing: str) -> int:
    token = _token(text, at)
    if token["mark"] == ",":
        return token.end()
    if token["mark"] == closing:
        return at
    raise _NoLiteral


def _unescaped(quoted: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "ux" and len(code) > 1:
            return chr(min(int(code[1:].strip("{}"), 16), 0x10FFFF))
        return _ESCAPES.get(code, code)

    return _ESCAPE.sub(character, quoted[1:-1]) if "\\" in quoted else quoted[1:-1]
