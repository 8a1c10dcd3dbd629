"""The settings of ``doc-assets webhook``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from doc_assets.secrets import Secret, header_problem, learn_environment
from doc_assets.settings import kinds
from doc_assets.settings.declaration import setting
from doc_assets.settings.layers import Layers, values_of


@dataclass(frozen=True)
class WebhookSettings:
    """The secret that senders of pushes share with this program; each field's declaration says what it means."""

    secret: Secret | None = setting(
        "DOC_ASSETS_WEBHOOK_SECRET",
        "secret that the senders of [pushes](pushes.md) sign with, at least 16 characters",
        kinds.secret(header_problem, Secret),
        default=None,
        otherwise="none: `doc-assets webhook` does not start",
        is_secret=True,
    )
    secret_file: Path | None = setting(
        "DOC_ASSETS_WEBHOOK_SECRET_FILE",
        "file that holds it, or several, one a line; read for each push",
        kinds.path,
        default=None,
        otherwise="none",
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | Layers | None = None) -> WebhookSettings:
        """Read the settings from the environment and ``doc-assets.toml``, or from the values given alone.

        Raises:
            ConfigurationError: A value is not allowed, or a name is none of a setting.
        """
        layers = environment if isinstance(environment, Layers) else Layers.of(environment)
        learn_environment(layers.texts)
        return cls(**values_of(cls, layers))
