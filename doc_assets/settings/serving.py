"""The settings of ``doc-assets serve`` and ``doc-assets mcp``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from doc_assets.secrets import Secret, header_problem, learn_environment
from doc_assets.settings import kinds
from doc_assets.settings.declaration import setting
from doc_assets.settings.layers import Layers, values_of


@dataclass(frozen=True)
class ServeSettings:
    """How ``doc-assets serve`` can be reached, and what it bounds; each field's declaration says what it means."""

    token: Secret | None = setting(
        "DOC_ASSETS_SERVE_TOKEN",
        "token that requests must bear, at least 16 characters ([access](serving.md#access))",
        kinds.secret(header_problem, Secret),
        default=None,
        otherwise="none",
        is_secret=True,
    )
    token_file: Path | None = setting(
        "DOC_ASSETS_SERVE_TOKEN_FILE",
        "file that holds it, read again when it changes",
        kinds.path,
        default=None,
        otherwise="none",
    )
    tls_certificate: Path | None = setting(
        "DOC_ASSETS_SERVE_TLS_CERTIFICATE",
        "PEM file of the certificate",
        kinds.path,
        default=None,
        otherwise="none: plain HTTP",
    )
    tls_key: Path | None = setting(
        "DOC_ASSETS_SERVE_TLS_KEY", "PEM file of its key", kinds.path, default=None, otherwise="none"
    )
    proxies: tuple[str, ...] = setting(
        "DOC_ASSETS_SERVE_PROXIES",
        "addresses and networks of the proxies in front, which end TLS, with commas",
        kinds.words,
        default=(),
        otherwise="none",
    )
    hosts: tuple[str, ...] = setting(
        "DOC_ASSETS_SERVE_HOSTS",
        "further names that the server is reached by",
        kinds.words,
        default=(),
        otherwise="on loopback those of this machine, else any",
    )
    rate: int = setting(
        "DOC_ASSETS_SERVE_RATE", "most requests of one client in a minute; 0: any number", kinds.whole, default=1_200
    )
    requests: int = setting(
        "DOC_ASSETS_SERVE_REQUESTS",
        "most requests, and connections to PostgreSQL, at a time",
        kinds.count(1),
        default=16,
    )
    timeout_seconds: float = setting(
        "DOC_ASSETS_SERVE_TIMEOUT",
        "seconds until an answer must begin, for which a client may take nothing of it, and of a statement in "
        "PostgreSQL",
        kinds.number(),
        default=30.0,
    )
    tokenizer: Path | None = setting(
        "DOC_ASSETS_SERVE_TOKENIZER",
        "a `tokenizer.json` that counts the tokens of answers",
        kinds.path,
        default=None,
        otherwise="an estimate",
    )
    log_queries: bool = setting(
        "DOC_ASSETS_SERVE_LOG_QUERIES", "`on`: the access log holds the queries", kinds.switch, default=False
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | Layers | None = None) -> ServeSettings:
        """Read the settings from the environment and ``doc-assets.toml``, or from the values given alone.

        Raises:
            ConfigurationError: A value is not allowed, or a name is none of a setting.
        """
        layers = environment if isinstance(environment, Layers) else Layers.of(environment)
        learn_environment(layers.texts)
        return cls(**values_of(cls, layers))
