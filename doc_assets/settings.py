"""The settings from the environment: where things are and how the machine is used. Read once, passed down as a value.

Every variable starts with ``DOC_ASSETS_``; the README lists them. Nothing else in the project reads the environment.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

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

# An idle parse worker holds 150 MB: its code, the tokenizer, the chunker.
LEAST_PARSE_MEMORY_BYTES = 256_000_000


@dataclass(frozen=True)
class Settings:
    """The project's settings.

    Attributes:
        home: Embedded database, fetched sources and caches (``DOC_ASSETS_HOME``, default ``.doc-assets`` in the
            working directory).
        catalogue: Path of the catalogue (``DOC_ASSETS_CATALOGUE``, default ``sources.yaml`` in the working directory).
        database_url: PostgreSQL to use (``DOC_ASSETS_DATABASE_URL``); None means the embedded one under ``home``.
        embedding_model: A folder, or a name that sentence-transformers loads (``DOC_ASSETS_EMBEDDING_MODEL``).
        embedding_backend: ``auto``, ``openvino``, ``torch`` or ``http`` (``DOC_ASSETS_EMBEDDING_BACKEND``).
        embedding_precision: ``auto``, ``fp32``, ``bf16``, ``fp16`` or ``int8`` (``DOC_ASSETS_EMBEDDING_PRECISION``).
        converted_models: Folder of converted models, read only (``DOC_ASSETS_CONVERTED_MODELS``); None: ``home`` alone.
        embedding_document_prompt: What stands before each document: the name of a prompt in the model's configuration,
            a text, or ``none`` (``DOC_ASSETS_EMBEDDING_DOCUMENT_PROMPT``); None: as the model states.
        embedding_query_prompt: The same for queries (``DOC_ASSETS_EMBEDDING_QUERY_PROMPT``).
        embedding_prompts: Who puts prompts before texts of the ``http`` backend, ``client`` or ``server``
            (``DOC_ASSETS_EMBEDDING_PROMPTS``).
        embedding_reading: What the model reads of texts: ``auto``, ``verbatim`` or ``words-1``
            (``DOC_ASSETS_EMBEDDING_READING``).
        embedding_scales: Digest of the int8 scales of a space that exists; empty: those that are found first. Set by
            what looks for the space's model, by no variable.
        embedding_dimensions: Leading components of each vector that are kept (``DOC_ASSETS_EMBEDDING_DIMENSIONS``);
            None: all.
        embedding_url: Endpoint of the ``http`` backend (``DOC_ASSETS_EMBEDDING_URL``).
        embedding_served_name: Name of the model at the endpoint (``DOC_ASSETS_EMBEDDING_SERVED_NAME``); None: that of
            the local one.
        embedding_api_key: Bearer token for it, if any (``DOC_ASSETS_EMBEDDING_API_KEY``).
        reranker: Name or folder of a cross-encoder that orders the first results of a search
            (``DOC_ASSETS_RERANKER``, none by default).
        embedding_requests: Most requests that a process has under way at it at a time
            (``DOC_ASSETS_EMBEDDING_REQUESTS``).
        index_bytes: Most memory for the index of what is live in a process that searches again and again
            (``DOC_ASSETS_INDEX_BYTES``); 0: all its searches ask PostgreSQL.
        threads: CPU threads that this process may use (``DOC_ASSETS_THREADS``, default: the cores that it may run
            on, at most the quota of its cgroup).
        max_file_bytes: Larger files are rejected unread (``DOC_ASSETS_MAX_FILE_BYTES``).
        parse_timeout_seconds: A file that takes longer is rejected (``DOC_ASSETS_PARSE_TIMEOUT``).
        parse_memory_bytes: A file that needs more is rejected (``DOC_ASSETS_PARSE_MEMORY_BYTES``, at least 256 MB).
        max_text_characters: A file with more text is rejected (``DOC_ASSETS_MAX_TEXT_CHARACTERS``).
        retry_attempts: Attempts of a step that fails for a passing reason (``DOC_ASSETS_RETRY_ATTEMPTS``).
        retry_longest_wait: Most seconds between attempts; doubles from 0.5 (``DOC_ASSETS_RETRY_LONGEST_WAIT``).
        retry_after: Most seconds that are waited for because an embedding endpoint's ``Retry-After`` asks for them
            (``DOC_ASSETS_RETRY_AFTER``).
        error_budget: Share of a source's files that may be rejected before its snapshot is
            (``DOC_ASSETS_ERROR_BUDGET``); a source of the catalogue may state its own.
        error_budget_files: Files that may be rejected in any case (``DOC_ASSETS_ERROR_BUDGET_FILES``).
        deletion_guard: Share of a source's documents that may vanish between two snapshots
            (``DOC_ASSETS_DELETION_GUARD``); a source of the catalogue may state its own.
        deletion_guard_documents: Documents that may vanish in any case, unless none would be left
            (``DOC_ASSETS_DELETION_GUARD_DOCUMENTS``).
        credentials: Folder of the credentials that sources name (``DOC_ASSETS_CREDENTIALS``).
        ca_bundle: PEM file of authorities that are trusted beside the system's (``DOC_ASSETS_CA_BUNDLE``).
        cache_bytes: Most bytes of the cache of fetched sources (``DOC_ASSETS_CACHE_BYTES``); None is unlimited.
        git_instead_of: ``url.<base>.insteadOf`` of the git configuration applies (``DOC_ASSETS_GIT_INSTEAD_OF``, ``on``
            or ``off``).
        schedules: Dagster's schedules start by themselves (``DOC_ASSETS_SCHEDULES``, ``on`` or ``off``).
    """

    home: Path
    catalogue: Path
    database_url: SecretAddress | None = None
    embedding_model: str = "sentence-transformers/all-MiniLM-L6-v2"
    embedding_backend: str = "auto"
    embedding_precision: str = "auto"
    converted_models: Path | None = None
    embedding_document_prompt: str | None = None
    embedding_query_prompt: str | None = None
    embedding_prompts: str = "client"
    embedding_reading: str = "auto"
    embedding_scales: str = ""
    embedding_dimensions: int | None = None
    embedding_url: SecretAddress | None = None
    embedding_served_name: str | None = None
    embedding_api_key: Secret | None = None
    reranker: str = ""
    embedding_requests: int = 16
    index_bytes: int = 1_000_000_000
    threads: int = 1
    max_file_bytes: int = 50_000_000
    parse_timeout_seconds: float = 60.0
    parse_memory_bytes: int = 3_000_000_000
    max_text_characters: int = 20_000_000
    retry_attempts: int = 8
    retry_longest_wait: float = 30.0
    retry_after: float = 300.0
    error_budget: float = 0.001
    error_budget_files: int = 3
    deletion_guard: float = 0.2
    deletion_guard_documents: int = 3
    credentials: Path = Path("/etc/doc-assets/credentials")
    ca_bundle: Path | None = None
    cache_bytes: int | None = None
    git_instead_of: bool = False
    schedules: bool = False

    def __post_init__(self) -> None:
        """Wrap secrets that are given as text."""
        for name, kind in (
            ("database_url", SecretAddress),
            ("embedding_url", SecretAddress),
            ("embedding_api_key", Secret),
        ):
            object.__setattr__(self, name, kind.of(getattr(self, name)))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from ``os.environ`` or from the mapping given.

        Raises:
            ConfigurationError: A variable has a value that is not allowed.
        """
        env = os.environ if environment is None else environment
        learn_environment(env)
        given = _Variables(env)
        given.refuse_proxies()
        if env.get("HF_TOKEN", "").strip():
            given.secret("HF_TOKEN", header_problem)
        return cls(
            home=Path(env.get("DOC_ASSETS_HOME") or ".doc-assets").expanduser().absolute(),
            catalogue=Path(env.get("DOC_ASSETS_CATALOGUE") or "sources.yaml").expanduser().absolute(),
            database_url=SecretAddress.of(given.secret("DOC_ASSETS_DATABASE_URL", _database_url_problem)),
            embedding_model=env.get("DOC_ASSETS_EMBEDDING_MODEL") or cls.embedding_model,
            embedding_backend=given.choice("DOC_ASSETS_EMBEDDING_BACKEND", ("auto", "openvino", "torch", "http")),
            embedding_precision=given.choice(
                "DOC_ASSETS_EMBEDDING_PRECISION", ("auto", "fp32", "bf16", "fp16", "int8")
            ),
            converted_models=given.path("DOC_ASSETS_CONVERTED_MODELS"),
            embedding_document_prompt=env.get("DOC_ASSETS_EMBEDDING_DOCUMENT_PROMPT") or None,
            embedding_query_prompt=env.get("DOC_ASSETS_EMBEDDING_QUERY_PROMPT") or None,
            embedding_prompts=given.choice("DOC_ASSETS_EMBEDDING_PROMPTS", ("client", "server")),
            embedding_reading=given.choice("DOC_ASSETS_EMBEDDING_READING", ("auto", "verbatim", "words-1")),
            embedding_dimensions=given.whole("DOC_ASSETS_EMBEDDING_DIMENSIONS", 0) or None,
            embedding_url=SecretAddress.of(given.secret("DOC_ASSETS_EMBEDDING_URL", address_problem)),
            embedding_served_name=env.get("DOC_ASSETS_EMBEDDING_SERVED_NAME") or None,
            embedding_api_key=Secret.of(given.secret("DOC_ASSETS_EMBEDDING_API_KEY", header_problem)),
            reranker=env.get("DOC_ASSETS_RERANKER") or cls.reranker,
            embedding_requests=int(given.number("DOC_ASSETS_EMBEDDING_REQUESTS", cls.embedding_requests, 1)),
            index_bytes=given.whole("DOC_ASSETS_INDEX_BYTES", cls.index_bytes),
            threads=int(given.number("DOC_ASSETS_THREADS", usable_cores(), 1)),
            max_file_bytes=int(given.number("DOC_ASSETS_MAX_FILE_BYTES", cls.max_file_bytes, 1)),
            parse_timeout_seconds=given.number("DOC_ASSETS_PARSE_TIMEOUT", cls.parse_timeout_seconds),
            parse_memory_bytes=int(
                given.number("DOC_ASSETS_PARSE_MEMORY_BYTES", cls.parse_memory_bytes, LEAST_PARSE_MEMORY_BYTES)
            ),
            max_text_characters=int(given.number("DOC_ASSETS_MAX_TEXT_CHARACTERS", cls.max_text_characters, 1)),
            retry_attempts=int(given.number("DOC_ASSETS_RETRY_ATTEMPTS", cls.retry_attempts, 1)),
            retry_longest_wait=given.number("DOC_ASSETS_RETRY_LONGEST_WAIT", cls.retry_longest_wait),
            retry_after=given.number("DOC_ASSETS_RETRY_AFTER", cls.retry_after),
            error_budget=given.share("DOC_ASSETS_ERROR_BUDGET", cls.error_budget),
            error_budget_files=given.whole("DOC_ASSETS_ERROR_BUDGET_FILES", cls.error_budget_files),
            deletion_guard=given.share("DOC_ASSETS_DELETION_GUARD", cls.deletion_guard),
            deletion_guard_documents=given.whole("DOC_ASSETS_DELETION_GUARD_DOCUMENTS", cls.deletion_guard_documents),
            credentials=Path(env.get("DOC_ASSETS_CREDENTIALS") or cls.credentials).expanduser().absolute(),
            ca_bundle=given.path("DOC_ASSETS_CA_BUNDLE"),
            cache_bytes=given.whole("DOC_ASSETS_CACHE_BYTES", 0) or None,
            git_instead_of=given.choice("DOC_ASSETS_GIT_INSTEAD_OF", ("off", "on")) == "on",
            schedules=given.choice("DOC_ASSETS_SCHEDULES", ("off", "on")) == "on",
        )


def _database_url_problem(url: str) -> str | None:
    # In the form key=value a line end separates two keys; that an address has a host is libpq's affair.
    return text_problem(url if "://" in url else " ".join(url.split()))


@dataclass(frozen=True)
class _Variables:
    """Parses the environment's values; each method raises ConfigurationError for one that is not allowed."""

    environment: Mapping[str, str]

    def number(self, name: str, default: float, least: float = 0) -> float:
        raw = self.environment.get(name) or str(default)
        try:
            value = float(raw)
        except ValueError:
            value = 0
        if not (value > 0 and least <= value < math.inf):
            needed = f"a number of at least {least:,.0f}" if least else "a number above 0"
            raise ConfigurationError(f"{name}={raw!r}: {needed} is needed")
        return value

    def share(self, name: str, default: float) -> float:
        raw = self.environment.get(name) or str(default)
        try:
            value = float(raw)
        except ValueError:
            value = -1
        if not 0 <= value <= 1:
            raise ConfigurationError(f"{name}={raw!r}: a share from 0 to 1 is needed, as in 0.001")
        return value

    def whole(self, name: str, default: int) -> int:
        raw = self.environment.get(name) or str(default)
        if not raw.strip().isdecimal():
            raise ConfigurationError(f"{name}={raw!r}: a whole number of at least 0 is needed")
        return int(raw)

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(self.environment.get(name, "").replace(",", " ").split())

    def path(self, name: str) -> Path | None:
        raw = self.environment.get(name)
        return Path(raw).expanduser().absolute() if raw else None

    def secret(self, name: str, problem: Callable[[str], str | None]) -> str | None:
        """Return a value without the white space at its ends, which files and Secrets often add; quotes none of it."""
        raw = self.environment.get(name) or None
        value = raw and raw.strip()
        if raw and not value:
            raise ConfigurationError(f"{name} holds nothing but white space: unset it, or set its value")
        if value and (wrong := problem(value)):
            raise ConfigurationError(f"{name} {wrong}: correct it where it is set; its value is not shown here")
        return value

    def refuse_proxies(self) -> None:
        """Refuse proxies that no request can be sent through."""
        for name in PROXY_VARIABLES:
            if value := self.environment.get(name, "").strip():
                address = value if "://" in value else f"http://{value}"
                self.secret(name, lambda _given, address=address: address_problem(address))

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.environment.get(name) or allowed[0]
        if value not in allowed:
            raise ConfigurationError(f"{name}={value!r}: one of {', '.join(allowed)} is needed")
        return value


def termination_message_path(environment: Mapping[str, str] | None = None) -> Path | None:
    """Return where a command writes its summary for Kubernetes when it ends (``DOC_ASSETS_TERMINATION_MESSAGE``).

    Read apart from ``Settings``, since the summary also reports wrong settings.
    """
    given = (os.environ if environment is None else environment).get("DOC_ASSETS_TERMINATION_MESSAGE")
    return Path(given) if given else None


@dataclass(frozen=True)
class ClusterSettings:
    """The place of this process in Kubernetes, if any.

    Attributes:
        api: URL of the API server: that of the pod's cluster, or ``DOC_ASSETS_KUBERNETES_API`` (as of ``kubectl
            proxy``); None outside of a cluster and in pods without a token.
        namespace: Namespace of its Jobs (``DOC_ASSETS_NAMESPACE``, in a pod by default its own).
        account: Folder of the service account's token and CA.
        job: Name of the Job that this process runs in and writes its progress on (``DOC_ASSETS_KUBERNETES_JOB``).
        index: Index of the pod in an Indexed Job, from 0 (``JOB_COMPLETION_INDEX``, set by Kubernetes).
    """

    api: str | None
    namespace: str
    account: Path
    job: str | None = None
    index: int | None = None

    ACCOUNT: ClassVar = Path("/var/run/secrets/kubernetes.io/serviceaccount")

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, account: Path | None = None
    ) -> ClusterSettings:
        """Read the settings from the environment, and from the folder that Kubernetes mounts."""
        env = os.environ if environment is None else environment
        account = account or cls.ACCOUNT
        api, host = env.get("DOC_ASSETS_KUBERNETES_API") or None, env.get("KUBERNETES_SERVICE_HOST")
        if api is None and host and (account / "token").exists():
            host = f"[{host}]" if ":" in host else host
            api = f"https://{host}:{env.get('KUBERNETES_SERVICE_PORT') or 443}"
        own = account / "namespace"
        namespace = env.get("DOC_ASSETS_NAMESPACE") or (own.read_text().strip() if own.exists() else "doc-assets")
        index = env.get("JOB_COMPLETION_INDEX", "")
        job = env.get("DOC_ASSETS_KUBERNETES_JOB") or None
        return cls(api, namespace, account, job, int(index) if index.isdecimal() else None)


@dataclass(frozen=True)
class ServeSettings:
    """How ``doc-assets serve`` can be reached, and what it bounds.

    Attributes:
        token: Bearer token that requests must bear (``DOC_ASSETS_SERVE_TOKEN``); None: no token is asked for.
        token_file: File that holds it instead, read again when it changes (``DOC_ASSETS_SERVE_TOKEN_FILE``).
        tls_certificate: PEM file of the certificate (``DOC_ASSETS_SERVE_TLS_CERTIFICATE``); None: plain HTTP.
        tls_key: PEM file of its key (``DOC_ASSETS_SERVE_TLS_KEY``).
        proxies: Addresses and networks of the proxies in front, which end TLS (``DOC_ASSETS_SERVE_PROXIES``).
        hosts: Names that it is reached by, beside the loopback ones (``DOC_ASSETS_SERVE_HOSTS``).
        rate: Most requests of one client in a minute (``DOC_ASSETS_SERVE_RATE``); 0: any number.
        requests: Most requests that are answered at a time (``DOC_ASSETS_SERVE_REQUESTS``).
        timeout_seconds: A request that takes longer fails (``DOC_ASSETS_SERVE_TIMEOUT``).
        tokenizer: A ``tokenizer.json`` that counts the tokens of answers (``DOC_ASSETS_SERVE_TOKENIZER``); None: an
            estimate.
        log_queries: The access log holds the queries (``DOC_ASSETS_SERVE_LOG_QUERIES``, ``on`` or ``off``).
    """

    token: Secret | None = None
    token_file: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    proxies: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    rate: int = 1_200
    requests: int = 16
    timeout_seconds: float = 30.0
    tokenizer: Path | None = None
    log_queries: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> ServeSettings:
        """Read the settings from ``os.environ`` or from the mapping given.

        Raises:
            ConfigurationError: A variable has a value that is not allowed.
        """
        env = os.environ if environment is None else environment
        learn_environment(env)
        given = _Variables(env)
        return cls(
            token=Secret.of(given.secret("DOC_ASSETS_SERVE_TOKEN", header_problem)),
            token_file=given.path("DOC_ASSETS_SERVE_TOKEN_FILE"),
            tls_certificate=given.path("DOC_ASSETS_SERVE_TLS_CERTIFICATE"),
            tls_key=given.path("DOC_ASSETS_SERVE_TLS_KEY"),
            proxies=given.words("DOC_ASSETS_SERVE_PROXIES"),
            hosts=given.words("DOC_ASSETS_SERVE_HOSTS"),
            rate=given.whole("DOC_ASSETS_SERVE_RATE", cls.rate),
            requests=int(given.number("DOC_ASSETS_SERVE_REQUESTS", cls.requests, 1)),
            timeout_seconds=given.number("DOC_ASSETS_SERVE_TIMEOUT", cls.timeout_seconds),
            tokenizer=given.path("DOC_ASSETS_SERVE_TOKENIZER"),
            log_queries=given.choice("DOC_ASSETS_SERVE_LOG_QUERIES", ("off", "on")) == "on",
        )


@dataclass(frozen=True)
class LogSettings:
    """Format and level of the log.

    Attributes:
        format: ``text`` or ``json``, one object per line (``DOC_ASSETS_LOG_FORMAT``).
        level: ``debug``, ``info``, ``warning`` or ``error`` (``DOC_ASSETS_LOG_LEVEL``); None is ``warning`` as text,
            and ``info`` as JSON, which is written for an audit.
    """

    format: str = "text"
    level: str | None = None

    FORMATS: ClassVar = ("text", "json")
    LEVELS: ClassVar = ("debug", "info", "warning", "error")

    @property
    def threshold(self) -> int:
        """The lowest level that is logged, as a number of ``logging``."""
        level = self.level or ("info" if self.format == "json" else "warning")
        return logging.getLevelNamesMapping()[level.upper()]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> LogSettings:
        """Read the settings from ``os.environ`` or from the mapping given.

        Raises:
            ConfigurationError: A variable has a value that is not allowed.
        """
        env = os.environ if environment is None else environment
        format_ = env.get("DOC_ASSETS_LOG_FORMAT", "").lower() or "text"
        level = env.get("DOC_ASSETS_LOG_LEVEL", "").lower() or None
        if format_ not in cls.FORMATS:
            raise ConfigurationError(f"DOC_ASSETS_LOG_FORMAT={format_!r}: one of {', '.join(cls.FORMATS)} is needed")
        if level is not None and level not in cls.LEVELS:
            raise ConfigurationError(f"DOC_ASSETS_LOG_LEVEL={level!r}: one of {', '.join(cls.LEVELS)} is needed")
        return cls(format_, level)

    def to_environment(self) -> dict[str, str]:
        """Return the variables that make a started process log alike."""
        return {"DOC_ASSETS_LOG_FORMAT": self.format} | ({"DOC_ASSETS_LOG_LEVEL": self.level} if self.level else {})
