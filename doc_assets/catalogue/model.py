"""What a catalogue says: documentation types, their sources, and the partitions that these make.

Plain values: YAML, line numbers and error texts are in ``reading``, files and networks in ``doc_assets.sources``.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

from doc_assets.catalogue.globs import check_glob
from doc_assets.errors import CatalogueError
from doc_assets.formats import format_names

TYPE_NAME = r"^[a-z][a-z0-9_]*$"
SOURCE_NAME = r"^[a-z0-9][a-z0-9_.-]*$"

_URL = re.compile(r"^([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_SCP = re.compile(r"^[\w.-]+@[\w.-]+:(?!//)")


class _SourceBase(BaseModel):
    """What every kind of source has."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    name: str = Field(
        pattern=SOURCE_NAME,
        max_length=100,
        description="Name within its type, and partition key: lower case letters, digits, '_', '.' and '-'.",
    )
    format: str = Field(
        default="auto",
        description="Format of all its files, or 'auto': by suffix and first bytes of each file.",
    )
    include: tuple[str, ...] = Field(
        default=("**/*",),
        min_length=1,
        description="Globs of the files that belong to the source, relative to its root: '**/*.md', 'docs/'.",
    )
    exclude: tuple[str, ...] = Field(
        default=(), description="Globs of files that do not belong to it although 'include' names them."
    )
    shards: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="Partitions that the source is cut into; files are spread by a hash of their path.",
    )
    attributes: dict[str, str] = Field(
        default_factory=dict,
        description="Facts stored with every document of the source: crate, version, product, protocol …",
    )
    base_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Address in front of a file's path that opens it in a browser.",
    )
    licence: str | None = Field(
        default=None, description="Licence of the documents, as an SPDX expression where there is one."
    )
    weight: int | None = Field(
        default=None, ge=0, description="Size in bytes where known: heavier partitions are started first."
    )

    @field_validator("format")
    @classmethod
    def _format_is_installed(cls, value: str) -> str:
        # Asked only where a format is named: listing them imports every parser.
        if value != "auto" and value not in (names := format_names()):
            raise ValueError(f"{value!r} is not a format: {', '.join(['auto', *names])} are{_nearest(value, names)}")
        return value

    @field_validator("include", "exclude")
    @classmethod
    def _globs_are_relative(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for glob in value:
            check_glob(glob)
        return value

    @field_validator("name")
    @classmethod
    def _name_is_a_partition_key(cls, value: str) -> str:
        # Dagster takes "a...b" in a partition key for a range from a to b.
        if "..." in value:
            raise ValueError("'...' is not allowed: it stands for a range of partitions")
        return value


class DirectorySource(_SourceBase):
    """Files in a folder."""

    kind: Literal["directory"] = Field(description="A folder on this machine.")
    location: str = Field(min_length=1, description="Folder, relative to the catalogue's own folder or absolute.")


class ArchiveSource(_SourceBase):
    """Files packed in one tar or zip."""

    kind: Literal["archive"] = Field(description="A .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz or .zip file.")
    location: str = Field(min_length=1, description="Path of the archive, or an http(s) address to download it from.")
    strip_components: int = Field(
        default=0, ge=0, le=50, description="Leading folders to drop from each member's path."
    )
    max_members: int = Field(default=200_000, ge=1, description="An archive with more members is refused.")
    max_unpacked_bytes: int = Field(
        default=2_000_000_000, ge=1, description="An archive that unpacks to more is refused."
    )
    max_ratio: int = Field(
        default=100, ge=1, description="An archive that unpacks to more than so many times its own size is refused."
    )
    max_download_bytes: int = Field(
        default=500_000_000, ge=1, description="A download is cut off, and refused, beyond this."
    )

    @field_validator("location")
    @classmethod
    def _scheme(cls, value: str) -> str:
        return _allowed_scheme(value, ("http", "https"))


class GitSource(_SourceBase):
    """Files of a git repository at one commit."""

    kind: Literal["git"] = Field(description="A git repository, fetched shallow and without the history.")
    location: str = Field(min_length=1, description="Address (https, http, ssh, git@host:…) or path of the repository.")
    ref: str = Field(
        default="HEAD",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/@+-]*$",
        max_length=200,
        description="Branch, tag or full commit id.",
    )
    subfolders: tuple[str, ...] = Field(
        default=(), description="Folders that are fetched and belong to the source; none means the whole repository."
    )

    @field_validator("location")
    @classmethod
    def _scheme(cls, value: str) -> str:
        if value.startswith("-") or "::" in value:
            raise ValueError("an https, http, ssh or git@host: address is needed, or a path")
        return _allowed_scheme(value, ("http", "https", "ssh"))

    @field_validator("subfolders")
    @classmethod
    def _subfolders_are_relative(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        cleaned = tuple(folder.strip("/") for folder in value)
        for folder, given in zip(cleaned, value, strict=True):
            parts = folder.split("/")
            if given.startswith("/") or not folder or any(p in ("", ".", "..", ".git") for p in parts):
                raise ValueError(f"{given!r}: a folder inside the repository is needed, as in 'docs/guide'")
        return cleaned


class CrateSource(_SourceBase):
    """The rustdoc JSON of one crate."""

    kind: Literal["crate"] = Field(description="A crate's rustdoc JSON from docs.rs.")
    crate: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_-]*$",
        max_length=64,
        description="Name of the crate on crates.io; without it, the source's name.",
    )
    version: str = Field(
        default="latest",
        pattern=r"^(latest|[0-9~^=<>][0-9A-Za-z.,*+~^=<> -]*)$",
        max_length=100,
        description="A version, or 'latest'.",
    )
    base_address: str = Field(
        default="https://docs.rs", pattern=r"^https?://", description="Where docs.rs or a mirror is."
    )
    max_download_bytes: int = Field(
        default=200_000_000, ge=1, description="A download is cut off, and refused, beyond this."
    )
    max_unpacked_bytes: int = Field(default=1_000_000_000, ge=1, description="JSON that unpacks to more is refused.")

    @property
    def crate_name(self) -> str:
        """The crate as crates.io calls it."""
        return self.crate or self.name

    @property
    def location(self) -> str:
        """Address of the gzipped rustdoc JSON."""
        return f"{self.base_address.rstrip('/')}/crate/{self.crate_name}/{self.version}/json.gz"


Source: TypeAlias = DirectorySource | ArchiveSource | GitSource | CrateSource

SOURCE_KINDS: Mapping[str, type[_SourceBase]] = {
    "directory": DirectorySource,
    "archive": ArchiveSource,
    "git": GitSource,
    "crate": CrateSource,
}


class DocType(BaseModel):
    """A documentation type: one Dagster asset, partitioned by its sources."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str | None = Field(default=None, description="What the type holds, shown on its asset.")
    sources: tuple[Annotated[Source, Field(discriminator="kind")], ...] = Field(
        min_length=1, description="Where the type's documents come from."
    )


class CatalogueFile(BaseModel):
    """The catalogue as it is written in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    types: dict[str, DocType] = Field(min_length=1, description="Documentation types by name.")

    @field_validator("types")
    @classmethod
    def _type_names(cls, value: dict[str, DocType]) -> dict[str, DocType]:
        for name in value:
            if not re.fullmatch(TYPE_NAME, name):
                raise ValueError(
                    f"{name!r} cannot name a type: lower case letters, digits and '_' are allowed, a letter first"
                )
        return value


@dataclass(frozen=True, slots=True)
class Partition:
    """The unit of loading, publishing and rolling back: a source, or one shard of it.

    Attributes:
        doc_type: The documentation type.
        key: Partition key, unique in its type: the source's name, or ``<name>.<shard>``.
        source: Where the documents come from.
        shard: 1 to ``source.shards``; None where the source is not cut.
    """

    doc_type: str
    key: str
    source: Source = field(hash=False)
    shard: int | None = None

    @property
    def id(self) -> str:
        """``<doc_type>/<key>``, as written on the command line."""
        return f"{self.doc_type}/{self.key}"

    @property
    def weight(self) -> int | None:
        """Bytes to expect, where the catalogue says."""
        return None if self.source.weight is None else self.source.weight // self.source.shards

    def holds(self, path: str) -> bool:
        """True if the file of that path (relative, ``/`` between parts) belongs to this shard.

        A hash of the path alone, so a file stays in its shard whatever is added beside it.
        """
        if self.shard is None:
            return True
        digest = hashlib.sha256(path.encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.source.shards == self.shard - 1


@dataclass(frozen=True)
class Catalogue:
    """Documentation types and their sources.

    Attributes:
        types: By name, in the file's order.
        directory: Folder of the file; relative locations start here.
        path: The file, or None for a catalogue made in memory.
    """

    types: Mapping[str, DocType]
    directory: Path
    path: Path | None = None

    def partitions(self, doc_type: str | None = None) -> list[Partition]:
        """The partitions of a type or of all, heaviest first; those of unknown weight last, in the file's order.

        Raises:
            CatalogueError: No such type.
        """
        if doc_type is not None and doc_type not in self.types:
            raise CatalogueError(
                f"no documentation type {doc_type!r} in {self._name}{_nearest(doc_type, self.types)}: "
                f"it has {', '.join(self.types)}"
            )
        names = self.types if doc_type is None else (doc_type,)
        found = [p for name in names for source in self.types[name].sources for p in partitions_of(name, source)]
        return sorted(found, key=lambda partition: -(partition.weight or 0))

    def find_partition(self, partition_id: str) -> Partition:
        """The partition written as ``<doc_type>/<key>``.

        Raises:
            CatalogueError: There is none; the message names those with a similar name.
        """
        partitions = {partition.id: partition for partition in self.partitions()}
        if partition_id in partitions:
            return partitions[partition_id]
        near = [i for i, p in partitions.items() if partition_id in (p.key, f"{p.doc_type}/{p.source.name}")][:5]
        near = near or difflib.get_close_matches(partition_id, partitions, n=3, cutoff=0.5)
        hint = f": did you mean {', '.join(near)}?" if near else ": a partition is written <doc_type>/<key>"
        raise CatalogueError(f"no partition {partition_id!r} in {self._name}{hint}")

    def check(self) -> list[str]:
        """What will go wrong when the sources are loaded, one sentence each: absent locations, globs without a match.

        Only looks at this machine: addresses are not tried.
        """
        from doc_assets.catalogue.check import problems  # it needs doc_assets.sources, which needs this module

        return problems(self)

    @property
    def _name(self) -> str:
        return str(self.path) if self.path else "the catalogue"


def partitions_of(doc_type: str, source: Source) -> list[Partition]:
    """The source's partitions in the order of their shards."""
    if source.shards == 1:
        return [Partition(doc_type, source.name, source)]
    return [Partition(doc_type, f"{source.name}.{i}", source, i) for i in range(1, source.shards + 1)]


def is_address(location: str) -> bool:
    """True for a URL or ``user@host:path``, False for a path."""
    return bool(_URL.match(location) or _SCP.match(location))


def _allowed_scheme(location: str, schemes: tuple[str, ...]) -> str:
    if (scheme := _URL.match(location)) and scheme.group(1).lower() not in schemes:
        raise ValueError(f"{scheme.group(0)} is not allowed: {', '.join(schemes)} are, or a path")
    return location


def _nearest(name: str, names: Mapping[str, object] | list[str]) -> str:
    near = difflib.get_close_matches(name, list(names), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
