"""The settings of the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from doc_assets.settings import kinds
from doc_assets.settings.declaration import setting
from doc_assets.settings.layers import Layers, values_of

_FORMATS = ("text", "json")
_LEVELS = ("debug", "info", "warning", "error")


def _of_any_case(read: kinds.Read[str]) -> kinds.Read[str]:
    return lambda raw, base: read(raw.lower(), base)


@dataclass(frozen=True)
class LogSettings:
    """Format and level of the log; without a level it is ``warning`` as text, and ``info`` as JSON, for an audit."""

    format: str = setting(
        "DOC_ASSETS_LOG_FORMAT",
        "`text`, or `json`: [one object per line](history.md)",
        _of_any_case(kinds.choice(*_FORMATS)),
        default="text",
    )
    level: str | None = setting(
        "DOC_ASSETS_LOG_LEVEL",
        "`debug`, `info`, `warning` or `error`",
        _of_any_case(kinds.choice(*_LEVELS)),
        default=None,
        otherwise="`warning` as text, `info` as JSON",
    )

    FORMATS: ClassVar = _FORMATS
    LEVELS: ClassVar = _LEVELS

    @property
    def threshold(self) -> int:
        """The lowest level that is logged, as a number of ``logging``."""
        level = self.level or ("info" if self.format == "json" else "warning")
        return logging.getLevelNamesMapping()[level.upper()]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | Layers | None = None) -> LogSettings:
        """Read the settings from the environment and ``doc-assets.toml``, or from the values given alone.

        Raises:
            ConfigurationError: A value is not allowed, or a name is none of a setting.
        """
        layers = environment if isinstance(environment, Layers) else Layers.of(environment)
        return cls(**values_of(cls, layers))

    def to_environment(self) -> dict[str, str]:
        """Return the variables that make a started process log alike."""
        return {"DOC_ASSETS_LOG_FORMAT": self.format} | ({"DOC_ASSETS_LOG_LEVEL": self.level} if self.level else {})
