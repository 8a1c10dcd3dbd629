"""Reads the YAML or JSON of an API's description into plain values, within limits.

YAML is read from libyaml's events and not by PyYAML's loader: three times as fast, without recursion, and scalars stay
as their author wrote them (``version: 1.10``, ``default: no``, dates). Aliases are shared, and what they repeat counts.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from doc_assets.errors import DocumentRejected
from doc_assets.formats.charset import decode

_HEAD = 8_192  # bytes at either end that tell what a file is
_DEEPEST = 200  # collections in collections; real ones have 30
_AS_ONE = 50  # characters of a text that count as a value
_MOST_REPEATED = 10_000  # values that aliases may repeat, beyond four times the file's own
_CACHED = 2_000_000  # bytes of a file that stays in memory for the next page that names it
_VERSION = rb"""["']?(?:3\.\d+(?:\.\d+)?|2\.0)["'\s]"""
_JSON_MARK = re.compile(rb'"(?:openapi|swagger)"\s*:\s*' + _VERSION)
_YAML_MARK = re.compile(rb"""^["']?(?:openapi|swagger)["']?[ \t]*:[ \t]*""" + _VERSION, re.MULTILINE)
# Keys in alphabetical order put the version behind the schemas, in the middle of the file or at its end.
_OTHER_KEYS = re.compile(
    rb"""^[{\s]{0,8}["']?(?:basePath|components|definitions|externalDocs|host|info|paths)["']?[ \t]*:""", re.MULTILINE
)
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"-?\d{1,17}\.\d{1,17}")
_CONSTANTS: Mapping[str, object] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def is_description(data: bytes) -> bool:
    """Return whether bytes state a version of OpenAPI or Swagger as descriptions do; other YAML and JSON is left."""
    head, tail = data[:_HEAD], data[-_HEAD:]
    mark = _JSON_MARK if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else _YAML_MARK
    if mark.search(head):
        return True
    return bool(_OTHER_KEYS.search(head)) and bool(mark.search(tail) or mark.search(data))


def read_values(data: bytes) -> object:
    """Return the values in YAML or JSON; equal bytes give the same object, which must not be changed.

    Raises:
        DocumentRejected: Neither, or nested or repeated beyond the limits.
    """
    return _read_again(data) if len(data) <= _CACHED else _read(data)


def _read(data: bytes) -> object:
    text = decode(data)
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except RecursionError as error:
            raise DocumentRejected("JSON that is nested too deep: exclude it in the catalogue") from error
        except ValueError:
            pass  # YAML's flow style, or with comments and trailing commas, which YAML allows in part
    return _read_yaml(text)


_read_again = functools.lru_cache(maxsize=16)(_read)


@dataclass(slots=True)
class _Open:
    """A collection that is being read; ``size`` counts the values in it, those of aliases each time."""

    value: Any
    anchor: str | None
    size: int = 1
    key: Any = None
    has_key: bool = False
    merged: list[Mapping] = field(default_factory=list)


def _read_yaml(text: str) -> object:
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if builder.take(event):
                break
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DocumentRejected(
            f"neither YAML nor JSON: {' '.join(str(error).split())[:200]}; mend it, or exclude it in the catalogue"
        ) from error
    return builder.root


class _Builder:
    """Makes values of a YAML document's events."""

    def __init__(self) -> None:
        self.root: object = None
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._own = self._repeated = 0

    def take(self, event: yaml.Event) -> bool:
        """Add an event's value; return True at the end of the first document."""
        self._own += 1
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
            size = 1 + len(event.value) // _AS_ONE
            self._own += size - 1
            if event.anchor:
                self._anchors[event.anchor] = value, size
            self._add(value, size)
        elif isinstance(event, yaml.AliasEvent):
            value, size = self._anchors.get(str(event.anchor), (None, 1))
            self._repeated += size
            if self._repeated > _MOST_REPEATED + 4 * self._own:
                raise DocumentRejected(
                    f"YAML whose aliases repeat too much, more than {_MOST_REPEATED:,} values beyond four times its"
                    " own: exclude it in the catalogue"
                )
            self._add(value, size)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            if len(self._open) >= _DEEPEST:
                raise DocumentRejected(f"YAML that is nested more than {_DEEPEST} deep: exclude it in the catalogue")
            self._open.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            closed = self._open.pop()
            for merged in closed.merged:
                for key, value in merged.items():
                    closed.value.setdefault(key, value)
            if closed.anchor:
                self._anchors[closed.anchor] = closed.value, closed.size
            self._add(closed.value, closed.size)
        return isinstance(event, yaml.DocumentEndEvent)

    def _add(self, value: object, size: int) -> None:
        if not self._open:
            self.root = value
            return
        holder = self._open[-1]
        holder.size += size
        if isinstance(holder.value, list):
            holder.value.append(value)
        elif not holder.has_key:
            holder.key, holder.has_key = value if isinstance(value, (str, int, float)) else None, True
        else:
            if holder.key == "<<":
                merged = value if isinstance(value, list) else [value]
                holder.merged += [one for one in merged if isinstance(one, Mapping)]
            elif holder.key is not None:
                holder.value[str(holder.key)] = value
            holder.has_key = False


def _scalar(event: yaml.ScalarEvent) -> object:
    text = event.value
    if not event.implicit[0]:  # quoted, in a block, or with a tag
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    # ``1.10`` is a version, and as a number it would be another one.
    return float(text) if _FLOAT.fullmatch(text) and str(float(text)) == text else text
