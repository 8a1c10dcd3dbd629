"""What a model may send to a tool, as pydantic models: the source of the input schemas.

Models forget the exact names of arguments, send one value where a list is meant, a list as a string, and null for what
they leave out. All that has one meaning is accepted; what has none is an error that names what there is.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.json_schema import GenerateJsonSchema

from doc_assets.search.choices import Around, Mode
from doc_assets.serving.answers import DEEPEST, LONGEST_QUERY, MOST_RESULTS, SearchQuery

# Clients cut answers at 25,000 tokens, and some count the structured answer and its text copy: what is asked for by
# default stays below in both, with what the answer says about each hit. docs/mcp.md states these numbers.
DEFAULT_HITS = 8
DEFAULT_PASSAGE_TOKENS = 4_000
DEFAULT_PAGE_TOKENS = 8_000
MOST_TOKENS = 20_000
LISTED_SOURCES = 50
LISTED_NODES = 100


class PlainSchema(GenerateJsonSchema):
    """Leaves the titles of fields out, which only repeat their names; each token of a schema costs every session."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """Return False."""
        return False


def _as_list(value: object) -> object:
    """Return the values of a list that is written as a string: one value, several with commas, or JSON."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            with suppress(ValueError):  # a word may begin with a bracket
                return json.loads(text)
        return [part.strip() for part in text.split(",") if part.strip()]
    return value


def _as_facts(value: object) -> object:
    """Return ``FIELD=VALUE`` words of an object, of its JSON, or of one word."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return [value]
    if isinstance(value, Mapping):
        return [
            f"{field}={one}" for field, of in value.items() for one in (of if isinstance(of, list | tuple) else [of])
        ]
    return value


def _as_type(value: object) -> object:
    return re.sub(r"[\s-]+", "_", value.strip().lower()) if isinstance(value, str) else value


def _as_source(value: object) -> object:
    return value.strip().strip("/").lower() if isinstance(value, str) else value


Type = Annotated[str, BeforeValidator(_as_type), Field(min_length=1, max_length=200)]
Source = Annotated[str, BeforeValidator(_as_source), Field(min_length=1, max_length=400)]
Word = Annotated[str, Field(min_length=1, max_length=400)]
Types = Annotated[tuple[Type, ...], BeforeValidator(_as_list), Field(max_length=100)]
Sources = Annotated[tuple[Source, ...], BeforeValidator(_as_list), Field(max_length=100)]
Facts = Annotated[tuple[Word, ...], BeforeValidator(_as_facts), Field(max_length=100)]
AsOf = Annotated[str | None, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]
PageCursor = Annotated[
    str | None, Field(max_length=8_000, description="From the answer before: the same call with it gets what follows.")
]

_QUERY = ("q", "question", "text", "search", "search_query", "keywords", "input", "prompt")
_SOURCE = ("source", "library", "libraries", "library_name", "package", "packages", "repo", "repository")
_TYPE = ("type", "doc_type", "doc_types", "category", "categories", "documentation_type")
_VERSION = ("versions", "library_version", "product_version", "version_range")
_LIMIT = ("k", "n", "top_k", "count", "max_results", "num_results", "results", "page_size", "per_page")
_TOKENS = ("tokens", "token_limit", "max_token", "budget")
_AS_OF = ("snapshot", "snapshot_id", "at", "date")
_CURSOR = ("next_cursor", "page_token", "next", "after")
_ID = ("ids", "doc_id", "document_id", "document", "uri", "url", "path", "resource")


class Arguments(BaseModel):
    """Arguments of a tool.

    Attributes:
        ALIASES: Other names that are understood, by the name of the argument.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ALIASES: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @model_validator(mode="before")
    @classmethod
    def _forgive(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        read: dict[str, object] = {}
        for name, value in given.items():
            if value is None or value == "":
                continue
            argument = cls._named(str(name))
            if argument in read and read[argument] != value:
                raise ValueError(f"{argument} is given twice, with different values")
            read[argument] = value
        return read

    @classmethod
    def _named(cls, name: str) -> str:
        """Return the argument that a name means."""
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).lower().replace("-", "_")
        if words in cls.model_fields:
            return words
        for argument, others in cls.ALIASES.items():
            if words in others:
                return argument
        near = difflib.get_close_matches(words, cls.model_fields, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"there is no argument {name!r}{hint}: there are {', '.join(cls.model_fields)}")

    @classmethod
    def schema_for_clients(cls) -> dict[str, Any]:
        """Return the JSON schema."""
        schema = cls.model_json_schema(schema_generator=PlainSchema)
        schema.pop("description", None)  # the docstring, for who reads the code
        return schema


class SearchDocs(Arguments):
    """Arguments of ``search_docs``."""

    ALIASES = {
        "query": _QUERY,
        "types": _TYPE,
        "sources": _SOURCE,
        "scopes": ("scope", "set", "sets", "collection", "collections"),
        "version": _VERSION,
        "where": ("filter", "filters", "metadata"),
        "limit": _LIMIT,
        "around": ("context", "width", "expand"),
        "max_tokens": _TOKENS,
        "as_of": _AS_OF,
        "cursor": _CURSOR,
    }

    query: str = Field(
        min_length=1,
        max_length=LONGEST_QUERY,
        description="A question, words, an identifier or an error message; as specific as possible.",
        examples=["how do I cancel a task in tokio", "TracerProvider shutdown", "error E0502"],
    )
    types: Types = Field(default=(), description="Only these documentation types.")
    sources: Sources = Field(
        default=(),
        description="Only these sources, by name; resolve_source and list_sources know the names.",
        examples=[["crate-tokio"]],
    )
    scopes: Sources = Field(default=(), description="Only these named sets of sources; list_sources knows them.")
    version: str | None = Field(
        default=None,
        max_length=100,
        description="Only this version of each product: 1.14 (with its patch releases), =1.14.0, '>=1.8,<2', ^1.2 or "
        "latest. Where there is none, the nearest one below, and notes say so.",
    )
    where: Facts = Field(
        default=(),
        description="Only documents with this metadata: any value given for a field, in all fields given.",
        examples=[["crate=tokio", "crate_version=1.40.0"]],
    )
    limit: int = Field(default=DEFAULT_HITS, ge=1, le=MOST_RESULTS, description="Most pages in the answer.")
    around: Around = Field(
        default=Around.passage,
        description="How much of each page is shown: what was found, with its neighbours, its section, or the page.",
    )
    max_tokens: int = Field(
        default=DEFAULT_PASSAGE_TOKENS,
        ge=100,
        le=MOST_TOKENS,
        description="Most tokens of all passages together; what does not fit is named in left_out.",
    )
    mode: Mode = Field(default=Mode.hybrid, description="Rank by meaning (vector), by words (text), or by both.")
    as_of: AsOf = Field(
        default=None,
        max_length=64,
        description="Search what was live then: a date, a time, 2h, 3d or 1w ago, or the id of a snapshot.",
    )
    cursor: PageCursor = None

    def query_of(self) -> SearchQuery:
        """Return what the service is asked."""
        return SearchQuery(
            q=self.query,
            type=self.types,
            source=self.sources,
            scope=self.scopes,
            version=self.version,
            where=self.where,
            mode=self.mode,
            k=self.limit,
            around=self.around,
            max_tokens=self.max_tokens,
            as_of=self.as_of,
            cursor=self.cursor,
        )


class FetchDoc(Arguments):
    """Arguments of ``fetch_doc``."""

    ALIASES = {"id": _ID, "page": ("page_number",), "max_tokens": _TOKENS, "as_of": _AS_OF, "cursor": _CURSOR}

    id: Word = Field(
        description="Id of a document as answers have it (TYPE/SOURCE/PATH), or its docs:// address.",
        examples=["rust/crate-tokio/tokio.json@fn.tokio::spawn"],
    )
    page: int = Field(default=1, ge=1, description="Page of the text; a long document has several.")
    max_tokens: int = Field(default=DEFAULT_PAGE_TOKENS, ge=100, le=MOST_TOKENS, description="Most tokens of a page.")
    as_of: AsOf = Field(default=None, max_length=64, description="As in search_docs; the id of a snapshot fixes it.")
    cursor: PageCursor = None


class ListSources(Arguments):
    """Arguments of ``list_sources``."""

    ALIASES = {
        "types": _TYPE,
        "contains": ("name", "query", "filter", "search", "prefix", *_SOURCE),
        "limit": _LIMIT,
        "as_of": _AS_OF,
        "cursor": _CURSOR,
    }

    types: Types = Field(default=(), description="Only sources of these documentation types.")
    contains: str | None = Field(default=None, max_length=200, description="Only sources with this in their name.")
    limit: int = Field(default=LISTED_SOURCES, ge=1, le=DEEPEST, description="Most sources in the answer.")
    as_of: AsOf = Field(default=None, max_length=64, description="As in search_docs.")
    cursor: PageCursor = None


class ResolveSource(Arguments):
    """Arguments of ``resolve_source``."""

    ALIASES = {"name": (*_QUERY, *_SOURCE, "product", "crate"), "version": _VERSION, "as_of": _AS_OF}

    name: str = Field(
        min_length=1,
        max_length=200,
        description="Name of a product, library, crate, protocol or source, with a version if one is wanted.",
        examples=["tokio", "cilium 1.19"],
    )
    version: str | None = Field(default=None, max_length=100, description="A version, unless the name has one.")
    as_of: AsOf = Field(default=None, max_length=64, description="As in search_docs.")


class ListContents(Arguments):
    """Arguments of ``list_contents``."""

    ALIASES = {
        "source": ("sources", "id", "name", *_SOURCE[1:]),
        "type": _TYPE[1:],
        "under": ("path", "folder", "directory", "prefix", "module", "section"),
        "depth": ("levels", "max_depth"),
        "limit": _LIMIT,
        "as_of": _AS_OF,
    }

    source: Source = Field(
        description="A source as TYPE/SOURCE, or its name alone where one type has it.", examples=["rust/crate-tokio"]
    )
    type: Type | None = Field(default=None, description="Its documentation type, unless source has it.")
    under: str = Field(
        default="", max_length=2_000, description="Only what is below this path, as the contents above it state it."
    )
    depth: int = Field(default=2, ge=1, le=20, description="Levels to list.")
    limit: int = Field(default=LISTED_NODES, ge=1, le=500, description="Most entries to list, upper levels first.")
    as_of: AsOf = Field(default=None, max_length=64, description="As in search_docs.")


class Search(Arguments):
    """Arguments of ``search``, as deep-research clients call it."""

    ALIASES = {"query": _QUERY}

    query: str = Field(min_length=1, max_length=LONGEST_QUERY, description="A question or words.")


class Fetch(Arguments):
    """Arguments of ``fetch``, as deep-research clients call it."""

    ALIASES = {"id": _ID}

    id: Word = Field(description="Id of a result of search.")
