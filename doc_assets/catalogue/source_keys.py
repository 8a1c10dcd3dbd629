"""The keys that sources of every kind share, and which addresses are allowed. The kinds themselves are in ``model``."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from doc_assets.catalogue.globs import check_glob
from doc_assets.document.site import PageRule, Site
from doc_assets.errors import nearest
from doc_assets.formats.registry import format_names
from doc_assets.secrets import address_problem, learn_address

TYPE_NAME = r"^[a-z][a-z0-9_]*$"
SOURCE_NAME = r"^[a-z0-9][a-z0-9_.-]*$"

_URL = re.compile(r"^([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_SCP = re.compile(r"^[\w.-]+@[\w.-]+:(?!//)")

# Which of near duplicates a search shows; described in docs/duplicates.md.
NEAR_DUPLICATE_POLICIES = ("keep_all", "prefer_best", "prefer_newest", "prefer_source TYPE/SOURCE")
PREFERRED_SOURCE = re.compile(rf"prefer_source +{TYPE_NAME[1:-1]}/{SOURCE_NAME[1:-1]}")


def _relative(globs: tuple[str, ...]) -> tuple[str, ...]:
    for glob in globs:
        check_glob(glob)
    return globs


Globs: TypeAlias = Annotated[tuple[str, ...], AfterValidator(_relative)]


class SourceBase(BaseModel):
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
    include: Globs = Field(
        default=("**/*",),
        min_length=1,
        description="Globs of the files that belong to the source, relative to its root: '**/*.md', 'docs/'.",
    )
    exclude: Globs = Field(
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
        known = NEAR_DUPLICATE_POLICIES
        if value not in known[:-1] and not PREFERRED_SOURCE.fullmatch(value):
            raise ValueError(f"{value!r} is not a policy: {', '.join(known)} are{nearest(value, [*known])}")
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


class RemoteSource(SourceBase):
    """The keys of the kinds that can use the network."""

    credentials: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        max_length=100,
        description="Name of the credential for its server, whose values are in files below DOC_ASSETS_CREDENTIALS.",
    )


def is_address(location: str) -> bool:
    """Return True for a URL or ``user@host:path``, False for a path."""
    return bool(_URL.match(location) or _SCP.match(location))


def allowed_scheme(location: str, schemes: tuple[str, ...]) -> str:
    """Return a location that is a path, or an address with one of the schemes, as ``sound`` does."""
    if (scheme := _URL.match(location)) and scheme.group(1).lower() not in schemes:
        raise ValueError(f"{scheme.group(0)} is not allowed: {', '.join(schemes)} are, or a path")
    return sound(location) if scheme else location


def sound(address: str) -> str:
    """Return an address that a request can be built of; what is secret in it is masked from now on."""
    learn_address(address)
    if problem := address_problem(address):
        raise ValueError(problem)
    return address
