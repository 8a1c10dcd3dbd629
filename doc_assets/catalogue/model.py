"""The content of a catalogue: documentation types and their sources, and the values that are allowed.

Reading YAML and reporting lines is in ``loading``, the partitions of sources in ``partitions``, files and networks in
``doc_assets.sources``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from doc_assets.catalogue.source_keys import (
    TYPE_NAME,
    Globs,
    RemoteSource,
    SourceBase,
    allowed_scheme,
    is_address,
    sound,
)
from doc_assets.document.site import Site
from doc_assets.errors import nearest
from doc_assets.secrets import mask

SCOPE_NAME = r"^[a-z0-9][a-z0-9_.-]*$"

NO_REF = re.compile(r"^[-+.^/]|[\0-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|[./]$|^@$")


class DirectorySource(SourceBase):
    """Files in a folder."""

    kind: Literal["directory"] = Field(description="A folder on this machine.")
    location: str = Field(min_length=1, description="Folder, relative to the catalogue's own folder or absolute.")


class ArchiveSource(RemoteSource):
    """Files packed in one tar or zip."""

    kind: Literal["archive"] = Field(description="A .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz or .zip file.")
    location: str = Field(
        min_length=1, repr=False, description="Path of the archive, or an http(s) address to download it from."
    )
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
        return allowed_scheme(value, ("http", "https"))


class GitSource(RemoteSource):
    """Files of a git repository at one commit."""

    kind: Literal["git"] = Field(description="A git repository, fetched shallow and without the history.")
    location: str = Field(
        min_length=1, repr=False, description="Address (https, http, ssh, git@host:…) or path of the repository."
    )
    ref: str = Field(default="HEAD", min_length=1, max_length=200, description="Branch, tag or full commit id.")
    subfolders: tuple[str, ...] = Field(
        default=(),
        description="Folders and files that are fetched and belong to the source; none means the whole repository.",
    )
    lfs: bool = Field(default=False, description="Fetch the content of pages that are kept in Git LFS, by git-lfs.")
    lfs_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        repr=False,
        description="Address of the Git LFS server, if it is not the repository's own.",
    )
    max_lfs_bytes: int = Field(
        default=500_000_000, ge=1, description="More bytes of Git LFS content in one commit are refused."
    )

    @field_validator("location")
    @classmethod
    def _scheme(cls, value: str) -> str:
        if value.startswith("-") or "::" in value:
            raise ValueError("an https, http, ssh or git@host: address is needed, or a path")
        query = "?" + value.partition("?")[2]
        if is_address(value) and mask(query) != query:
            raise ValueError("git shows the parameters of an address to every user: name a credential instead")
        return allowed_scheme(value, ("http", "https", "ssh"))

    @field_validator("ref")
    @classmethod
    def _ref_is_a_name(cls, value: str) -> str:
        # What git check-ref-format allows, but for a start that git could read as an option or a mark.
        if NO_REF.search(value):
            raise ValueError(f"{value!r} is not allowed: {cls.model_fields['ref'].description}")
        return value.lower() if re.fullmatch(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}", value) else value

    @field_validator("lfs_url")
    @classmethod
    def _lfs_is_on(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not info.data.get("lfs"):
            raise ValueError("it has no effect without lfs: true")
        return None if value is None else sound(value)

    @field_validator("subfolders")
    @classmethod
    def _subfolders_are_relative(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        cleaned = tuple(folder.strip("/") for folder in value)
        for folder, given in zip(cleaned, value, strict=True):
            parts = folder.split("/")
            if given.startswith("/") or not folder or any(p in ("", ".", "..", ".git") for p in parts):
                raise ValueError(
                    f"{given!r}: a folder or file inside the repository is needed, as in 'docs/guide' or 'book.toml'"
                )
        return cleaned


class CrateSource(RemoteSource):
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
        default="https://docs.rs", pattern=r"^https?://", repr=False, description="Where docs.rs or a mirror is."
    )
    max_download_bytes: int = Field(
        default=200_000_000, ge=1, description="A download is cut off, and refused, beyond this."
    )
    max_unpacked_bytes: int = Field(default=1_000_000_000, ge=1, description="JSON that unpacks to more is refused.")

    @field_validator("base_address")
    @classmethod
    def _can_be_asked(cls, value: str) -> str:
        return sound(value)

    @property
    def crate_name(self) -> str:
        """Name of the crate on crates.io."""
        return self.crate or self.name

    @property
    def location(self) -> str:
        """Address of the gzipped rustdoc JSON, of the newest format that docs.rs has of it."""
        return f"{self.base_address.rstrip('/')}/crate/{self.crate_name}/{self.version}/json.gz"

    def location_of_format(self, version: str, format_version: int) -> str:
        """Return the address of the JSON in one format, which docs.rs keeps where it built the release again since."""
        return f"{self.base_address.rstrip('/')}/crate/{self.crate_name}/{quote(version)}/json/{format_version}.gz"

    @property
    def site(self) -> Site:
        """Its pages on docs.rs, unless the catalogue names another place."""
        if self.base_url is not None:
            return Site(self.base_url, self.pages, self.strip)
        scheme, _, rest = self.base_address.rstrip("/").partition("://")
        shown = f"{scheme}://{rest.rpartition('@')[2]}"  # pages are shown to readers, who get no login
        return Site(f"{shown}/{self.crate_name}/{quote(self.version)}/", "rustdoc")


class LlmsTxtSource(RemoteSource):
    """The pages that a site lists for language models in its llms.txt (https://llmstxt.org)."""

    kind: Literal["llms_txt"] = Field(description="The pages that a site's llms.txt lists, mostly as Markdown.")
    location: str = Field(pattern=r"(?i)^https?://", repr=False, description="Address of the index: …/llms.txt.")
    hosts: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]{1,5})?$")], ...] = Field(
        default=(), description="Further hosts whose pages are fetched, as HOST or HOST:PORT; all others are skipped."
    )
    optional: bool = Field(default=True, description="Take the pages of the index's section 'Optional', too.")
    max_pages: int = Field(default=2_000, ge=1, description="An index that lists more pages to fetch is refused.")
    max_page_bytes: int = Field(default=5_000_000, ge=1, description="A longer page, or index, is refused.")
    max_download_bytes: int = Field(default=200_000_000, ge=1, description="More bytes of pages together are refused.")

    @field_validator("location")
    @classmethod
    def _can_be_asked(cls, value: str) -> str:
        if value.partition("?")[0].endswith("/llms-full.txt"):
            raise ValueError("llms-full.txt is all pages in one file: write the address of the index, llms.txt")
        return sound(value)

    @property
    def origin(self) -> str:
        """Scheme, host and port of the index, without a login."""
        parts = urlsplit(self.location)
        return f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2].lower()}"

    @property
    def site(self) -> Site:
        """The site of the index, unless the catalogue names another place; each page knows its own address there."""
        if self.base_url is not None:
            return Site(self.base_url, self.pages, self.strip)
        return Site(f"{self.origin}/", "pretty")


Source: TypeAlias = DirectorySource | ArchiveSource | GitSource | CrateSource | LlmsTxtSource

SOURCE_KINDS: Mapping[str, type[SourceBase]] = {
    "directory": DirectorySource,
    "archive": ArchiveSource,
    "git": GitSource,
    "crate": CrateSource,
    "llms_txt": LlmsTxtSource,
}


class DocType(BaseModel):
    """A documentation type: one Dagster asset, partitioned by its sources."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str | None = Field(default=None, description="What the type holds, shown on its asset.")
    owners: tuple[Annotated[str, Field(pattern=r"^(team:[^\s:]+|[^\s@]+@[^\s@]+)$")], ...] = Field(
        default=(), description="Who answers for it, shown in Dagster: addresses, and teams as team:NAME."
    )
    sources: tuple[Annotated[Source, Field(discriminator="kind")], ...] = Field(
        min_length=1, description="Where the type's documents come from."
    )


class CatalogueFile(BaseModel):
    """The catalogue as written in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    types: dict[str, DocType] = Field(min_length=1, description="Documentation types by name.")
    scopes: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        default_factory=dict, description="Named sets to search: types, and sources as TYPE/SOURCE, by name."
    )
    exclude: Globs = Field(
        default=(),
        description="Globs of files that belong to no source, but for one whose 'include' has the same glob.",
    )

    @field_validator("types")
    @classmethod
    def _type_names(cls, value: dict[str, DocType]) -> dict[str, DocType]:
        for name in value:
            if not re.fullmatch(TYPE_NAME, name):
                raise ValueError(
                    f"{name!r} cannot name a type: lower case letters, digits and '_' are allowed, a letter first"
                )
        return value

    @field_validator("scopes")
    @classmethod
    def _scopes_name_what_exists(
        cls, value: dict[str, tuple[str, ...]], info: ValidationInfo
    ) -> dict[str, tuple[str, ...]]:
        types: dict[str, DocType] = info.data.get("types", {})
        places = [*types, *(f"{name}/{source.name}" for name, of in types.items() for source in of.sources)]
        for name, members in value.items():
            if not re.fullmatch(SCOPE_NAME, name):
                raise ValueError(f"{name!r} cannot name a scope: lower case letters, digits, '_', '.' and '-' can")
            for member in members if types else ():
                if member not in places:
                    raise ValueError(f"{name}: there is no type and no source {member!r}{nearest(member, places)}")
        return value
