"""Reads ``sources.yaml`` into a ``Catalogue``: an error names the file, the line, the key and what is allowed.

The content of a catalogue is in ``model``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from doc_assets.catalogue.model import SOURCE_KINDS, CatalogueFile, DocType, Source
from doc_assets.catalogue.partitions import Catalogue, partitions_of
from doc_assets.errors import CatalogueError
from doc_assets.secrets import mask

_Path = tuple[str | int, ...]

# People correct a few at a time; a file with one wrong indent can have hundreds.
_ERRORS_SHOWN = 10


def load_catalogue(path: Path) -> Catalogue:
    """Read and check a catalogue; do not touch its sources.

    Raises:
        CatalogueError: The file is absent, not YAML, or has something that is not allowed. One line per mistake:
            ``sources.yaml:12: types.rust.sources[2].kind: …``.
    """
    path = Path(path).absolute()
    root = _compose(path)
    mistakes = _Mistakes(path, root)
    mistakes.raise_if_any(_duplicate_keys(root))
    try:
        content = _Loader("").construct_document(root)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: an invalid date or number
        raise CatalogueError(f"{path}: {error}: put the value in quotes") from None
    try:
        file = CatalogueFile.model_validate(content)
    except RecursionError:
        raise CatalogueError(f"{path}: an alias (*name) contains itself: write out what it stands for") from None
    except ValidationError as error:
        # pydantic also reports a list with a wrong item as too short.
        found = [e for e in error.errors(include_url=False) if not (e["type"] == "too_short" and e["input"])]
        mistakes.raise_if_any(_explain(e) for e in found)
        raise  # unreachable: a ValidationError has errors
    mistakes.raise_if_any(_double_partitions(file))
    types = _with_exclude(file.types, file.exclude)
    return Catalogue(types=types, directory=path.parent, path=path, scopes=file.scopes)


def _with_exclude(types: Mapping[str, DocType], exclude: Sequence[str]) -> dict[str, DocType]:
    """Return the types with the globs added to ``exclude`` of each source, but for those that its ``include`` has."""

    def excluding(source: Source) -> Source:
        added = [glob for glob in exclude if glob not in (*source.include, *source.exclude)]
        return source.model_copy(update={"exclude": (*source.exclude, *added)}) if added else source

    return {
        name: of.model_copy(update={"sources": tuple(excluding(source) for source in of.sources)})
        for name, of in types.items()
    }


class _Loader(yaml.SafeLoader):
    """The safe loader: plain values only, no Python objects."""


def _compose(path: Path) -> yaml.Node:
    init = "doc-assets catalogue init DIR -o sources.yaml"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CatalogueError(f"no catalogue at {path}: write one, or let `{init}` write it for a folder") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(
            f"the catalogue {path} cannot be read ({error}): let this user read it, or name another with --catalogue"
        ) from None
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise CatalogueError(f"{path}{line}: not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise CatalogueError(f"{path}: not YAML: {error}") from None
    if not isinstance(root, yaml.MappingNode):
        raise CatalogueError(f"{path}:1: a mapping with the key 'types' is needed; `{init}` writes one")
    return root


class _Mistakes:
    """Turns pairs of key path and mistake into one error with line numbers."""

    def __init__(self, path: Path, root: yaml.Node) -> None:
        self.path = path
        self.root = root

    def raise_if_any(self, mistakes: Iterable[tuple[_Path, str]]) -> None:
        found = sorted({(self._line(loc), _written(loc), text) for loc, text in mistakes})
        if found:
            lines = [f"{self.path}:{line}: {key}: {text}" for line, key, text in found[:_ERRORS_SHOWN]]
            if len(found) > _ERRORS_SHOWN:
                lines.append(f"… and {len(found) - _ERRORS_SHOWN} more")
            raise CatalogueError("\n".join(lines))

    def _line(self, loc: _Path) -> int:
        """Return the line of the deepest part of the key path that the file has."""
        node, line = self.root, self.root.start_mark.line
        for part in loc:
            if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line
            elif isinstance(node, yaml.MappingNode):
                keys = [(k, v) for k, v in node.value if k.value == str(part)]
                if not keys:
                    break
                line, node = keys[-1][0].start_mark.line, keys[-1][1]
            else:
                break
        return line + 1


def _written(loc: _Path) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the file"


def _duplicate_keys(root: yaml.Node) -> list[tuple[_Path, str]]:
    found: list[tuple[_Path, str]] = []
    visited: set[int] = set()
    todo: list[tuple[_Path, yaml.Node]] = [((), root)]
    while todo:
        loc, node = todo.pop()
        if id(node) in visited:  # an alias
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            todo += [((*loc, i), item) for i, item in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            first: dict[str, int] = {}
            for key, value in node.value:
                name = str(key.value)
                if name in first:
                    found.append(((*loc, name), f"the key stands here and in line {first[name]}: keep one"))
                first.setdefault(name, key.start_mark.line + 1)
                todo.append(((*loc, name), value))
    return found


def _double_partitions(file: CatalogueFile) -> list[tuple[_Path, str]]:
    found: list[tuple[_Path, str]] = []
    for type_name, doc_type in file.types.items():
        first: dict[str, int] = {}
        for i, source in enumerate(doc_type.sources):
            keys = [partition.key for partition in partitions_of(type_name, source)]
            taken = next((key for key in [source.name, *keys] if key in first), None)
            if taken is not None:
                loc: _Path = ("types", type_name, "sources", i, "name")
                found.append((loc, f"{taken!r} is already a partition of sources[{first[taken]}]: take another name"))
            first.update(dict.fromkeys([source.name, *keys], i))
    return found


def _explain(error: Any) -> tuple[_Path, str]:  # noqa: ANN401 - pydantic's ErrorDetails
    """Return where pydantic found a mistake, without its additions to the path, and what is allowed there."""
    loc = tuple(part for part in error["loc"] if part != "[key]")
    model: type[BaseModel] = CatalogueFile
    if len(loc) > 1 and loc[0] == "types":
        model = DocType
    if len(loc) > 4 and loc[2] == "sources" and loc[4] in SOURCE_KINDS:
        model = SOURCE_KINDS[str(loc[4])]
        loc = (*loc[:4], *loc[5:])
    kinds = ", ".join(SOURCE_KINDS)
    given, kind = error["input"], error["type"]
    name = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        return loc, _unknown_key(name, list(model.model_fields))
    if kind == "missing":
        return loc, f"the key is needed: {model.model_fields[name].description}"
    if kind == "union_tag_not_found":
        return (*loc, "kind"), f"the key is needed: one of {kinds}"
    if kind == "union_tag_invalid":
        tag = str(error["ctx"]["tag"])
        near = difflib.get_close_matches(tag, SOURCE_KINDS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return (*loc, "kind"), f"{tag!r} is not a kind of source: {kinds} are{hint}"
    if kind == "value_error":
        return loc, str(error["ctx"]["error"])
    message = re.sub(r"^(Input|String) ", "", error["msg"])
    if kind == "too_short":
        message = "is empty: at least one is needed"
    field = model.model_fields.get(name)
    allowed = f" ({field.description})" if field and field.description else ""
    quote = ": put it in quotes" if kind == "string_type" and isinstance(given, (int, float, bool)) else ""
    shown = repr(given) if not isinstance(given, (dict, list)) or not given else f"a {type(given).__name__}"
    return loc, f"{mask(shown)[:80]} {message}{quote}{allowed}"


def _unknown_key(key: str, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, allowed, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown key; {hint}allowed are {', '.join(allowed)}"
