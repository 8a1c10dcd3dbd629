"""A description and the files it refers to: references, the operations, and what is left of the limits.

``operations`` says what an operation holds, in one form for OpenAPI 3 and Swagger 2.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from doc_assets.document import Block, clean_text
from doc_assets.errors import DocumentRejected
from doc_assets.formats.base import RawFile
from doc_assets.formats.missing_includes import MissingIncludes
from doc_assets.formats.operations import words
from doc_assets.formats.operations.loading import read_values

_LONGEST_CHAIN = 16  # references that lead to references
_LONGEST_SHOWN = 2_000  # characters of a reference that leads nowhere
_MOST_FILES = 5_000  # large APIs have one for each schema, parameter and example: 1,500 in DigitalOcean's
_MOST_BYTES = 20_000_000  # of all other files
_FREE_TEXT = 1_000_000  # characters that a description may become, beyond twenty times its bytes
# fmt: off
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
# fmt: on
Values = Mapping[str, Any]
_NOTHING: Values = {}


@dataclass(frozen=True, slots=True)
class Node:
    """A mapping of a description, and the file that its references are relative to.

    Attributes:
        value: The mapping; empty for what cannot be found.
        file: Path of the file that holds it.
        name: Last name of the reference that led to it; "" if there was none.
        key: File and pointer of that reference: equal for all uses of one component.
        own: The mapping without what stood beside the reference; None where nothing did.
    """

    value: Values
    file: str
    name: str = ""
    key: str = ""
    own: Values | None = None

    def alone(self) -> Node:
        """Return the component as it is described itself."""
        return self if self.own is None else Node(self.own, self.file, self.name, self.key)

    def child(self, name: str) -> Node:
        """Return the mapping below a key; an empty one if there is none."""
        return Node(mapping(self.value.get(name)), self.file)

    def text(self, name: str) -> str:
        """Return the text below a key, in one line; "" if there is none."""
        return line(self.value.get(name))

    def words(self, name: str) -> str:
        """Return the text below a key with its lines; "" if there is none."""
        value = self.value.get(name)
        return clean_text(value).strip() if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as it stands in the description.

    Attributes:
        method: In capitals.
        path: As written; the name of a webhook.
        node: The operation's own mapping.
        around: That of its path.
        webhook: Whether the API calls it.
    """

    method: str
    path: str
    node: Node
    around: Node
    webhook: bool = False

    @property
    def tags(self) -> list[str]:
        """Its tags."""
        return [name for tag in items(self.node.value.get("tags")) if (name := line(tag))]


@dataclass(slots=True)
class Specification(MissingIncludes):
    """A description of an API, its neighbours, and what may still be read and written.

    Attributes:
        file: The file with the description.
        root: Its values.
        read_markdown: Reads the Markdown of descriptions.
        most_uses: How often a component's fields are written in full.
        most_rows: Rows of a table that goes deeper than its schema's own fields.
        uses: How often a component was written in full, by its key.
        owed: Components whose fields were left out somewhere, by key.
        told: Descriptions that were written, with the key of the component that each was written for.
        types: Types of components in words, by key.
    """

    file: RawFile
    root: Node
    read_markdown: words.ReadMarkdown
    most_uses: int = 6
    most_rows: int = 80
    uses: dict[str, int] = field(default_factory=dict)
    owed: dict[str, Node] = field(default_factory=dict)
    told: set[tuple[str, str]] = field(default_factory=set)
    types: dict[str, str] = field(default_factory=dict)
    missing: int = 0
    first_missing: str = ""
    _files: dict[str, object] = field(default_factory=dict)
    # A component is used many times: its texts are read once, since that takes longer than what is written of them.
    _lines: dict[str, str] = field(default_factory=dict)
    _blocks: dict[str, list[Block]] = field(default_factory=dict)
    _targets: dict[tuple[str, str], tuple[Node, bool]] = field(default_factory=dict)
    _bytes: int = 0
    _left: int = 0

    @property
    def is_swagger(self) -> bool:
        """Whether this is Swagger 2."""
        return "swagger" in self.root.value and "openapi" not in self.root.value

    def spend(self, characters: int) -> None:
        """Count text that is written, or work that is worth as much.

        Raises:
            DocumentRejected: It is out of proportion to the file, as of one that refers to itself many times.
        """
        self._left -= characters
        if self._left < 0:
            raise DocumentRejected(
                "an API's description whose references repeat too much: its text would be more than twenty times as"
                f" long as the file and {_FREE_TEXT:,} characters; exclude it in the catalogue"
            )

    def blocks(self, text: object) -> list[Block]:
        """Return a description as blocks."""
        if not isinstance(text, str):
            return []
        if (said := self._blocks.get(text)) is None:
            said = self._blocks[text] = words.blocks(self.read_markdown, text)
        return list(said)

    def one_line(self, text: object) -> str:
        """Return a description as one line; "" if there is none."""
        if not isinstance(text, str):
            return ""
        if (said := self._lines.get(text)) is None:
            said = self._lines[text] = words.one_line(self.read_markdown, text)
        return said

    def is_fresh(self, key: str) -> bool:
        """Count a use of a component's part, and return whether it may be written in full once more."""
        self.uses[key] = self.uses.get(key, 0) + 1
        return self.uses[key] <= self.most_uses

    def resolve(self, value: object, file: str) -> Node:
        """Return the mapping that a value is or refers to, with what stands beside a reference put over it.

        Args:
            value: A mapping, perhaps with ``$ref``.
            file: Path of the file that it is from.
        """
        node = Node(mapping(value), file)
        over: dict[str, Any] = {}
        for _ in range(_LONGEST_CHAIN):
            reference = node.value.get("$ref")
            if not isinstance(reference, str):
                self.spend(len(node.value) + len(over) if over else 0)
                beside = {**node.value, **over}
                return Node(beside, node.file, node.name, node.key, node.value) if over else node
            over = {**{key: held for key, held in node.value.items() if key != "$ref"}, **over}
            node = self._target(reference, node.file)
        return Node(over, file, node.name, node.key)

    def operations(self) -> Iterator[Operation]:
        """Yield the operations of paths and of webhooks, in their order."""
        for key in ("paths", "webhooks", "x-webhooks"):
            for path, item in mapping(self.root.value.get(key)).items():
                yield from self.operations_of(str(path), item, self.root.file, webhook=key != "paths")

    def operations_of(self, path: str, item: object, file: str, *, webhook: bool = False) -> Iterator[Operation]:
        """Yield the operations of one path."""
        around = self.resolve(item, file)
        more = mapping(around.value.get("additionalOperations"))
        methods = [(name, around.value[name]) for name in around.value if str(name).lower() in METHODS]
        for name, value in (*methods, *more.items()):
            if isinstance(value, Mapping):
                node = self.resolve(value, around.file)
                yield Operation(line(name).upper(), line(path) or "/", node, around, webhook)

    def _target(self, reference: str, file: str) -> Node:
        if (known := self._targets.get((reference, file))) is None:
            known = self._targets[reference, file] = self._look_up(reference, file)
        node, is_there = known
        if not is_there:
            self.miss(line(reference[:_LONGEST_SHOWN]))
        return node

    def _look_up(self, reference: str, file: str) -> tuple[Node, bool]:
        place, _, pointer = reference.partition("#")
        steps = [unquote(step).replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), unquote(place))) if place else file
        stem = posixpath.splitext(posixpath.basename(place))[0]
        name = line(steps[-1] if steps else stem or pointer)[:200]
        found = self.root.value if path == self.root.file else self._read(path, place)
        for step in steps:
            if isinstance(found, Mapping):
                found = found.get(step)
            elif isinstance(found, list) and step.isdecimal() and len(step) < 7:
                found = found[int(step)] if int(step) < len(found) else None
            else:
                found = None
        is_there = isinstance(found, Mapping) and not (pointer and not steps)
        return Node(mapping(found) if is_there else _NOTHING, path, name, f"{path}#{pointer}"), is_there

    def _read(self, path: str, place: str) -> object:
        if path not in self._files:
            outside = "://" in place or path.startswith(("../", "/")) or len(self._files) >= _MOST_FILES
            data = None if outside or "\0" in path else self.file.neighbours.read(path)
            self._bytes += len(data or b"")
            try:
                self._files[path] = read_values(data) if data is not None and self._bytes <= _MOST_BYTES else None
            except DocumentRejected:
                self._files[path] = None
            if self._bytes <= _MOST_BYTES:
                self._left += 20 * len(data or b"")
        return self._files[path]


def read_specification(file: RawFile, read_markdown: words.ReadMarkdown) -> Specification | None:
    """Return the description in a file, whose Markdown is read by the function given; None if it is none.

    Raises:
        DocumentRejected: Neither YAML nor JSON, or beyond the limits.
    """
    root = read_values(file.data)
    if not isinstance(root, Mapping) or not ("openapi" in root or "swagger" in root):
        return None
    return Specification(file, Node(root, file.path), read_markdown, _left=_FREE_TEXT + 20 * len(file.data))


def mapping(value: object) -> Values:
    """Return the value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else _NOTHING


def items(value: object) -> list[Any]:
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def line(value: object) -> str:
    """Return a text or a number as one clean line; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return " ".join(clean_text(str(value)).split())
