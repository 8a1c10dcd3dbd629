"""Values that an MDX page takes from its own exports and from the modules that it imports, and shows in braces.

``{release}`` from ``export const release = "1.2"`` in a snippet, ``{versions.cli}`` from an imported JSON or YAML file.
Only plain literals count; nothing is evaluated. A value that is an array or an object is written into the page as an
export, from which ``jsx`` takes the properties of components.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Mapping

from doc_assets.formats.markdown.fences import outside_fences
from doc_assets.formats.markdown.js_literals import UNKNOWN, read_literal
from doc_assets.formats.navigation.data import read_data

_IMPORT = re.compile(
    r"^import[ \t]+(?P<default>[A-Za-z_$][\w$]*)?[ \t]*,?[ \t]*"
    r"(?:\{(?P<names>[^{}]{1,1000})\}|\*[ \t]+as[ \t]+(?P<all>\w+))?"
    r"[ \t]*from[ \t]*(['\"])(?P<path>(?:\.|/|@site/|@/|~/)[^'\"\n]{1,300})\4[^\n]*$",
    re.MULTILINE,
)
_CONSTANT = re.compile(r"^export[ \t]+const[ \t]+(\w+)[ \t]*(?::[^=\n]{0,200})?=(?![=>])[ \t]*", re.MULTILINE)
_DEFAULT = re.compile(r"^(?:export[ \t]+default|module\.exports[ \t]*=)[ \t]+(?=[\[{\"'`])", re.MULTILINE)
_LOCAL = re.compile(r"^(?:const|let|var)[ \t]+(\w+)[ \t]*(?::[^=\n]{0,200})?=(?![=>])[ \t]*", re.MULTILINE)
_EXPORTED = re.compile(r"^(?:export[ \t]+\{|module\.exports)", re.MULTILINE)
_NAME = re.compile(r"(\w+)(?:\s+as\s+(\w+))?")
_PATH = r"(?:\??\.[A-Za-z_$][\w$]*|\[[ \t]*(?:\d{1,4}|\"[^\"\n]*\"|'[^'\n]*')[ \t]*\])*"
_USE = re.compile(
    r"^(?:import|export)\b[^\n]*|(?<!\{)`+[^`\n]+`+|(?P<assigned>=)?\$?\{[ \t]*(?P<root>[A-Za-z_$][\w$]*)"
    rf"(?P<path>{_PATH})[ \t]*\}}",
    re.MULTILINE,
)
_STEP = re.compile(r"\.([A-Za-z_$][\w$]*)|\[[ \t]*(?:(\d{1,4})|\"([^\"\n]*)\"|'([^'\n]*)')")
_ENDINGS = ("", ".js", ".ts", ".jsx", ".tsx", ".mjs", ".mdx", ".json", "/index.js", "/index.ts")
_DATA = (".json", ".yml", ".yaml")
_SUFFIXES = frozenset((*_DATA, ".js", ".ts", ".jsx", ".tsx", ".mjs", ".cjs", ".mts", ".md", ".mdx"))
_LONGEST_MODULE = 200_000  # characters
_LONGEST_LITERAL = 40_000
_LONGEST_VALUE = 1_000  # characters that one pair of braces may stand for
_MAX_CONSTANTS = 100  # of a page or module


def exported_literals(text: str) -> dict[str, object]:
    """Return the literals that a page or module exports (``export const entries = [{…}]``), by name."""
    found: dict[str, object] = {}
    patterns = [_CONSTANT] if "export const" in text else []
    if ("export {" in text or "module.exports" in text) and _EXPORTED.search(text):
        patterns.append(_LOCAL)
    for pattern in patterns:
        for match in pattern.finditer(text):
            value, _ = read_literal(text, match.end(), match.end() + _LONGEST_LITERAL)
            if value is not UNKNOWN and len(found) < _MAX_CONSTANTS:
                found.setdefault(match[1], value)
    return found


def show_values(text: str, read: Callable[[str], str | None], has_room: Callable[[int], bool]) -> str:
    """Replace the braces of a page that name a value by the value.

    Args:
        text: The page.
        read: Returns the text of a module by the path in an ``import``; None if there is none.
        has_room: Returns whether the page may grow by that many characters.
    """
    values = exported_literals(text)
    imports = list(_IMPORT.finditer(text)) if "import" in text else []
    wanted = {match["root"] for match in _USE.finditer(text) if match["root"]} if values or imports else set()
    if not wanted:
        return text
    statements: list[str] = []
    for match in imports:
        names = _names(match)
        if not wanted.intersection(names.values()):
            continue
        module = _module(match["path"], read)
        for name, local in names.items():
            value = module if name == "*" else module.get(name, module if name == "default" else UNKNOWN)
            if local in wanted and value is not UNKNOWN and value != {}:
                values.setdefault(local, value)
                if isinstance(value, (list, dict)) and f"={{{local}" in text:
                    statements.append(f"export const {local} = {json.dumps(value, ensure_ascii=False, default=str)}")
    if not values:
        return text
    longer = outside_fences(text, lambda prose: _USE.sub(lambda match: _shown(match, values), prose))
    if statements:
        longer = "\n".join((*(line for line in statements if len(line) < _LONGEST_LITERAL), "", longer))
    return longer if has_room(len(longer) - len(text)) else text


def _names(match: re.Match[str]) -> dict[str, str]:
    """Return the local names of an import by the names in its module; "default" and "*" for the whole of it."""
    names = {name: local or name for name, local in _NAME.findall(match["names"] or "")}
    names.pop("type", None)
    if match["default"] and not match["path"].endswith((".md", ".mdx")):
        names["default"] = match["default"]
    if match["all"]:
        names["*"] = match["all"]
    return names


def _module(path: str, read: Callable[[str], str | None]) -> dict[str, object]:
    """Return the literals of a module by name, with the one of ``export default`` or of a data file as "default"."""
    endings = ("",) if posixpath.splitext(path)[1] in _SUFFIXES else _ENDINGS
    text = next((text for ending in endings if (text := read(path + ending)) is not None), None)
    if text is None or len(text) > _LONGEST_MODULE:
        return {}
    if path.endswith(_DATA):
        data = read_data(text.encode(), posixpath.basename(path))
        return {**(data if isinstance(data, dict) else {}), "default": data}
    values = exported_literals(text)
    if default := _DEFAULT.search(text):
        values["default"] = read_literal(text, default.end(), default.end() + _LONGEST_LITERAL)[0]
    return values


def _shown(match: re.Match[str], values: Mapping[str, object]) -> str:
    if not match["root"] or match["root"] not in values:
        return match[0]
    value = values[match["root"]]
    for name, index, quoted, other in _STEP.findall(match["path"]):
        key = name or quoted or other
        if isinstance(value, list) and index:
            value = value[int(index)] if int(index) < len(value) else UNKNOWN
        elif isinstance(value, Mapping):
            value = value.get(key or index, UNKNOWN)
        else:
            value = UNKNOWN
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or len(str(value)) > _LONGEST_VALUE:
        return match[0]
    if match["assigned"]:
        return f'="{value}"' if '"' not in str(value) else match[0]
    return str(value)
