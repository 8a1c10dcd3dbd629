"""The settings of the library: what every part of it may need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from doc_assets.errors import ConfigurationError
from doc_assets.machine import usable_cores
from doc_assets.secrets import (
    PROXY_VARIABLES,
    Secret,
    SecretAddress,
    address_problem,
    header_problem,
    learn_environment,
    text_problem,
)
from doc_assets.settings import kinds
from doc_assets.settings.declaration import setting
from doc_assets.settings.layers import Layers, values_of
from doc_assets.settings.places import default_catalogue, default_home

# An idle parse worker holds 150 MB: its code, the tokenizer, the chunker.
LEAST_PARSE_MEMORY_BYTES = 256_000_000


def _database_url_problem(url: str) -> str | None:
    # In the form key=value a line end separates two keys; that an address has a host is libpq's affair.
    return text_problem(url if "://" in url else " ".join(url.split()))


@dataclass(frozen=True)
class Settings:
    """The project's settings; each field's declaration says what it means.

    Attributes:
        embedding_scales: Digest of the int8 scales of a space that exists; empty: those that are found first. Set by
            what looks for the space's model, by no variable.
    """

    home: Path = setting(
        "DOC_ASSETS_HOME",
        "embedded database, fetched sources, converted models",
        kinds.path,
        found=default_home,
        otherwise="[the nearest](#the-home) `.doc-assets`",
    )
    catalogue: Path = setting(
        "DOC_ASSETS_CATALOGUE",
        "the [catalogue](catalogue.md)",
        kinds.path,
        found=default_catalogue,
        otherwise="`sources.yaml`, here or [beside the home](#the-home)",
    )
    database_url: SecretAddress | None = setting(
        "DOC_ASSETS_DATABASE_URL",
        "a PostgreSQL from 15 on ([versions that the tests ran on](store.md#versions)) with pgvector ≥ 0.8, in any "
        "schema",
        kinds.secret(_database_url_problem, SecretAddress),
        default=None,
        otherwise="the embedded server",
        is_secret=True,
    )
    embedding_model: str = setting(
        "DOC_ASSETS_EMBEDDING_MODEL",
        "a folder, or a name that sentence-transformers loads",
        kinds.model,
        default="sentence-transformers/all-MiniLM-L6-v2",
        otherwise="all-MiniLM-L6-v2, from its package",
    )
    embedding_backend: str = setting(
        "DOC_ASSETS_EMBEDDING_BACKEND",
        "`auto`, `openvino`, `torch`, `http`",
        kinds.choice("auto", "openvino", "torch", "http"),
        default="auto",
        otherwise="`auto`: CUDA, else OpenVINO, else torch",
    )
    embedding_precision: str = setting(
        "DOC_ASSETS_EMBEDDING_PRECISION",
        "`auto`, `fp32`, `bf16`, `fp16`, [`int8`](models.md#precisions)",
        kinds.choice("auto", "fp32", "bf16", "fp16", "int8"),
        default="auto",
        otherwise="`auto`: fp16 on a GPU; on a CPU int8 where it has VNNI or AMX and the model's scales are known, "
        "else bf16 where it multiplies that, else fp32",
    )
    converted_models: Path | None = setting(
        "DOC_ASSETS_CONVERTED_MODELS",
        "folder of models already converted for OpenVINO, and of int8 scales, read only; the image contains the "
        "default model",
        kinds.path,
        default=None,
        otherwise="none: each home keeps its own",
    )
    embedding_document_prompt: str | None = setting(
        "DOC_ASSETS_EMBEDDING_DOCUMENT_PROMPT",
        "[prompt](models.md#prompts) before documents: its name, its text, or `none`",
        kinds.text,
        default=None,
        otherwise="as the model states",
    )
    embedding_query_prompt: str | None = setting(
        "DOC_ASSETS_EMBEDDING_QUERY_PROMPT",
        "the same before queries",
        kinds.text,
        default=None,
        otherwise="as the model states",
    )
    embedding_prompts: str = setting(
        "DOC_ASSETS_EMBEDDING_PROMPTS",
        "who puts prompts before texts of the `http` backend: `client` or `server`",
        kinds.choice("client", "server"),
        default="client",
    )
    embedding_reading: str = setting(
        "DOC_ASSETS_EMBEDDING_READING",
        "[what the model reads](models.md#what-the-model-reads) of chunks and queries: `auto`, `verbatim`, `words-1`",
        kinds.choice("auto", "verbatim", "words-1"),
        default="auto",
        otherwise="`auto`: words, where each mark would be a token",
    )
    embedding_scales: str = ""
    embedding_dimensions: int | None = setting(
        "DOC_ASSETS_EMBEDDING_DIMENSIONS",
        "leading components of each vector that are kept; 0: all",
        kinds.whole_or_none,
        default=None,
        otherwise="all",
    )
    embedding_url: SecretAddress | None = setting(
        "DOC_ASSETS_EMBEDDING_URL",
        "[endpoint](endpoints.md) of the `http` backend (text-embeddings-inference or OpenAI-compatible)",
        kinds.secret(address_problem, SecretAddress),
        default=None,
        otherwise="none",
        is_secret=True,
    )
    embedding_served_name: str | None = setting(
        "DOC_ASSETS_EMBEDDING_SERVED_NAME",
        "name of the model at the endpoint",
        kinds.text,
        default=None,
        otherwise="that of the local one",
    )
    embedding_api_key: Secret | None = setting(
        "DOC_ASSETS_EMBEDDING_API_KEY",
        "bearer token for the endpoint ([no output shows it](security.md#no-output-shows-a-secret))",
        kinds.secret(header_problem, Secret),
        default=None,
        otherwise="none",
        is_secret=True,
    )
    reranker: str = setting(
        "DOC_ASSETS_RERANKER",
        "[a cross-encoder](search.md#a-reranker) that orders the first results of a search: its name on the hub, or a "
        "folder",
        kinds.model,
        default="",
        otherwise="none",
    )
    embedding_requests: int = setting(
        "DOC_ASSETS_EMBEDDING_REQUESTS",
        "most requests that a process has under way at the endpoint at a time",
        kinds.count(1),
        default=16,
    )
    index_bytes: int = setting(
        "DOC_ASSETS_INDEX_BYTES",
        "most memory for the index of what is live in a process that searches again and again; 0: its searches ask "
        "PostgreSQL alone ([why](search.md#from-memory))",
        kinds.whole,
        default=1_000_000_000,
        otherwise="1,000,000,000: 500,000 chunks with 384 dimensions",
    )
    threads: int = setting(
        "DOC_ASSETS_THREADS",
        "CPU threads to use",
        kinds.count(1),
        default=1,
        found=usable_cores,
        otherwise="as many cores as the process may run on, at most the CPU quota of its container (cgroup)",
    )
    max_file_bytes: int = setting(
        "DOC_ASSETS_MAX_FILE_BYTES", "larger files are rejected unread", kinds.count(1), default=50_000_000
    )
    parse_timeout_seconds: float = setting(
        "DOC_ASSETS_PARSE_TIMEOUT",
        "seconds after which a file is rejected and its worker replaced",
        kinds.number(),
        default=60.0,
    )
    parse_memory_bytes: int = setting(
        "DOC_ASSETS_PARSE_MEMORY_BYTES",
        "memory of a parse worker (Linux), at least 256 MB; a file that needs more is rejected",
        kinds.count(LEAST_PARSE_MEMORY_BYTES),
        default=3_000_000_000,
    )
    max_text_characters: int = setting(
        "DOC_ASSETS_MAX_TEXT_CHARACTERS",
        "a file whose documents hold more text is rejected",
        kinds.count(1),
        default=20_000_000,
    )
    retry_attempts: int = setting(
        "DOC_ASSETS_RETRY_ATTEMPTS",
        "attempts of a step that fails for a passing reason ([which](errors.md))",
        kinds.count(1),
        default=8,
    )
    retry_longest_wait: float = setting(
        "DOC_ASSETS_RETRY_LONGEST_WAIT",
        "most seconds between two attempts; the wait doubles from 0.5",
        kinds.number(),
        default=30.0,
    )
    retry_after: float = setting(
        "DOC_ASSETS_RETRY_AFTER",
        "most seconds that are waited for because an endpoint's `Retry-After` asks for them",
        kinds.number(),
        default=300.0,
    )
    error_budget: float = setting(
        "DOC_ASSETS_ERROR_BUDGET",
        "share of a source's files that may be rejected before its snapshot is; a source of the catalogue may state "
        "its own",
        kinds.share,
        default=0.001,
    )
    error_budget_files: int = setting(
        "DOC_ASSETS_ERROR_BUDGET_FILES", "number of files that may be rejected in any case", kinds.whole, default=3
    )
    deletion_guard: float = setting(
        "DOC_ASSETS_DELETION_GUARD",
        "share of a source's documents that may vanish in one load; a source of the catalogue may state its own",
        kinds.share,
        default=0.2,
    )
    deletion_guard_documents: int = setting(
        "DOC_ASSETS_DELETION_GUARD_DOCUMENTS",
        "number of documents that may vanish in any case while some are left",
        kinds.whole,
        default=3,
    )
    credentials: Path = setting(
        "DOC_ASSETS_CREDENTIALS",
        "folder of the [credentials](sources-in-a-pod.md) that sources name",
        kinds.path,
        default=Path("/etc/doc-assets/credentials"),
    )
    ca_bundle: Path | None = setting(
        "DOC_ASSETS_CA_BUNDLE",
        "PEM file of [authorities](sources-in-a-pod.md) that are trusted beside the system's",
        kinds.path,
        default=None,
        otherwise="none",
    )
    cache_bytes: int | None = setting(
        "DOC_ASSETS_CACHE_BYTES",
        "most bytes of the cache of fetched sources; 0: no limit",
        kinds.whole_or_none,
        default=None,
        otherwise="no limit",
    )
    git_instead_of: bool = setting(
        "DOC_ASSETS_GIT_INSTEAD_OF",
        "`on`: `url.<base>.insteadOf` of the git configuration applies to [git sources](catalogue.md#git)",
        kinds.switch,
        default=False,
    )
    schedules: bool = setting(
        "DOC_ASSETS_SCHEDULES",
        "`on`: [Dagster's schedules](dagster.md) start by themselves",
        kinds.switch,
        default=False,
    )

    notify_url: SecretAddress | None = setting(
        "DOC_ASSETS_NOTIFY_URL",
        "[webhook](dagster.md#be-told) that gets a message for each run of Dagster that failed for good",
        kinds.secret(address_problem, SecretAddress),
        default=None,
        otherwise="none",
        is_secret=True,
    )
    notify_format: str = setting(
        "DOC_ASSETS_NOTIFY_FORMAT",
        "`generic`, or `slack` for an incoming webhook of Slack",
        kinds.choice("generic", "slack"),
        default="generic",
    )

    def __post_init__(self) -> None:
        """Wrap secrets that are given as text."""
        for name, kind in (
            ("database_url", SecretAddress),
            ("embedding_url", SecretAddress),
            ("embedding_api_key", Secret),
        ):
            object.__setattr__(self, name, kind.of(getattr(self, name)))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | Layers | None = None) -> Settings:
        """Read the settings from the environment and ``doc-assets.toml``, or from the values given alone.

        Raises:
            ConfigurationError: A value is not allowed, or a name is none of a setting.
        """
        layers = environment if isinstance(environment, Layers) else Layers.of(environment)
        given = layers.texts
        learn_environment(given)
        _refuse_unusable(given)
        return cls(**values_of(cls, layers))


def _refuse_unusable(environment: Mapping[str, str]) -> None:
    """Refuse what others have set and no request can be sent with: a token of the hub, proxies."""
    _refuse("HF_TOKEN", environment, header_problem)
    for name in PROXY_VARIABLES:
        _refuse(name, environment, lambda value: address_problem(value if "://" in value else f"http://{value}"))


def _refuse(name: str, environment: Mapping[str, str], problem: Callable[[str], str | None]) -> None:
    if value := environment.get(name, "").strip():
        try:
            kinds.secret(problem, str)(value, Path())
        except ValueError as error:
            raise ConfigurationError(f"{name} {error}") from None
