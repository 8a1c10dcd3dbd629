"""The content of a catalogue: documentation types and their sources, and the values that are allowed.

Reading YAML and reporting lines is in ``loading``, the partitions of sources in ``partitions``, files and networks in
``doc_assets.sources``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from doc_assets.catalogue.globs import check_glob
from doc_assets.document.site import PageRule, Site
from doc_assets.errors import nearest
from doc_assets.formats.registry import format_names
from doc_assets.secrets import address_problem, learn_address, mask

TYPE_NAME = r"^[a-z][a-z0-9_]*$"
SCOPE_NAME = r"^[a-z0-9][a-z0-9_.-]*$"
SOURCE_NAME = r"^[a-z0-9][a-z0-9_.-]*$"

_URL = re.compile(r"^([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_NO_REF = re.compile(r"^[-+.^/]|[\0-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|[./]$|^@$")
_SCP = re.compile(r"^[\w.-]+@[\w.-]+:(?!//)")

# Which of near duplicates a search shows; described in docs/duplicates.md.
_POLICIES = ("keep_all", "prefer_best", "prefer_newest", "prefer_source TYPE/SOURCE")
_PREFERRED = re.compile(rf"prefer_source +{TYPE_NAME[1:-1]}/{SOURCE_NAME[1:-1]}")


def _relative(globs: tuple[str, ...]) -> tuple[str, ...]:
    for glob in globs:
        check_glob(glob)
    return globs


_Globs: TypeAlias = Annotated[tuple[str, ...], AfterValidator(_relative)]


class _SourceBase(BaseModel):
    """The keys of every kind of source."""

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
    include: _Globs = Field(
        default=("**/*",),
        min_length=1,
        description="Globs of the files that belong to the source, relative to its root: '**/*.md', 'docs/'.",
    )
    exclude: _Globs = Field(
        default=(), description="Globs of files that do not belong to it although 'include' names them."
    )
    min_characters: int = Field(
        default=0,
        ge=0,
        description="Least characters of text in a file of the source; a shorter one is skipped. 0 for any.",
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
    folder_attributes: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="Attributes of what is below a folder, in place of those above: {docs/omni: {product: omni}}.",
    )
    base_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="Address in front of a page's path that opens it in a browser.",
    )
    pages: PageRule = Field(
        default="as_is", description="How the site behind 'base_url' makes a page's path from that of its file."
    )
    strip: str = Field(
        default="", description="Folder that is no part of a page's path on the site; files outside have no page."
    )
    near_duplicates: str = Field(
        default="prefer_best",
        description="Which of documents that say almost the same is shown, the others being 'also in': the one that "
        "answers best, of versions of one product the newest (prefer_best), the newest version (prefer_newest), that "
        "of a source (prefer_source TYPE/SOURCE), "
        "or each of them (keep_all).",
    )
    error_budget: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of its files that may be rejected before a load of it is not published: 0.001, 1 for any.",
    )
    deletion_guard: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of its live documents that may vanish in one load of it: 0.2, 1 for any.",
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
        # Checked only where a format is named: listing them imports every parser.
        if value != "auto" and value not in (names := format_names()):
            raise ValueError(f"{value!r} is not a format: {', '.join(['auto', *names])} are{nearest(value, names)}")
        return value

    @field_validator("near_duplicates")
    @classmethod
    def _policy_is_known(cls, value: str) -> str:
        if value not in _POLICIES[:-1] and not _PREFERRED.fullmatch(value):
            raise ValueError(f"{value!r} is not a policy: {', '.join(_POLICIES)} are{nearest(value, [*_POLICIES])}")
        return " ".join(value.split())

    @field_validator("base_url")
    @classmethod
    def _readers_need_no_login(cls, value: str | None) -> str | None:
        if value is not None and "@" in value.partition("://")[2].partition("/")[0]:
            raise ValueError("every reader is shown this address: leave out the name and password in it")
        return value

    @field_validator("folder_attributes")
    @classmethod
    def _folders_are_relative(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for folder in value:
            if folder.startswith("/") or any(part in ("", ".", "..") for part in folder.rstrip("/").split("/")):
                raise ValueError(f"{folder!r}: a folder inside the source is needed, as in 'docs/omni'")
        return {folder.rstrip("/"): attributes for folder, attributes in value.items()}

    @field_validator("name")
    @classmethod
    def _name_is_a_partition_key(cls, value: str) -> str:
        # Dagster reads "a...b" in a partition key as a range from a to b.
        if "..." in value:
            raise ValueError("'...' is not allowed: it stands for a range of partitions")
        return value

    def facts(self, path: str) -> dict[str, str]:
        """Return the catalogue's facts about one file: licence, attributes, and those of its folders, innermost last.

        ``path`` is relative to the source's root.
        """
        facts = {"licence": self.licence} if self.licence else {}
        facts |= self.attributes
        for folder in sorted(self.folder_attributes, key=len):
            if path.startswith(f"{folder}/"):
                facts |= self.folder_attributes[folder]
        return facts

    @property
    def site(self) -> Site:
        """Where the source's pages are published."""
        return Site(self.base_url, self.pages, self.strip)


class DirectorySource(_SourceBase):
    """Files in a folder."""

    kind: Literal["directory"] = Field(description="A folder on this machine.")
    location: str = Field(min_length=1, description="Folder, relative to the catalogue's own folder or absolute.")


class _RemoteSource(_SourceBase):
    """The keys of the kinds that can use the network."""

    credentials: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        max_length=100,
        description="Name of the credential for its server, whose values are in files below DOC_ASSETS_CREDENTIALS.",
    )


class ArchiveSource(_RemoteSource):
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
        return _allowed_scheme(value, ("http", "https"))


class GitSource(_RemoteSource):
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
        return _allowed_scheme(value, ("http", "https", "ssh"))

    @field_validator("ref")
    @classmethod
    def _ref_is_a_name(cls, value: str) -> str:
        # What git check-ref-format allows, but for a start that git could read as an option or a mark.
        if _NO_REF.search(value):
            raise ValueError(f"{value!r} is not allowed: {cls.model_fields['ref'].description}")
        return value.lower() if re.fullmatch(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}", value) else value

    @field_validator("lfs_url")
    @classmethod
    def _lfs_is_on(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not info.data.get("lfs"):
            raise ValueError("it has no effect without lfs: true")
        return None if value is None else _sound(value)

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


class CrateSource(_RemoteSource):
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
        return _sound(value)

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
    exclude: _Globs = Field(
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


def is_address(location: str) -> bool:
    """Return True for a URL or ``user@host:path``, False for a path."""
    return bool(_URL.match(location) or _SCP.match(location))


def _allowed_scheme(location: str, schemes: tuple[str, ...]) -> str:
    if (scheme := _URL.match(location)) and scheme.group(1).lower() not in schemes:
        raise ValueError(f"{scheme.group(0)} is not allowed: {', '.join(schemes)} are, or a path")
    return _sound(location) if scheme else location


def _sound(address: str) -> str:
    """Return an address that a request can be built of; what is secret in it is masked from now on."""
    learn_address(address)
    if problem := address_problem(address):
        raise ValueError(problem)
    return address
