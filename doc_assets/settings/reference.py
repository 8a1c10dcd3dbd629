"""All settings: for a page, and with the values that hold here and where each is from."""

from __future__ import annotations

from dataclasses import dataclass

from doc_assets.errors import ConfigurationError
from doc_assets.secrets import MASK
from doc_assets.settings.declaration import DECLARED, Setting, settings_of
from doc_assets.settings.layers import Layers, value_of
from doc_assets.settings.logs import LogSettings
from doc_assets.settings.serving import ServeSettings
from doc_assets.settings.settings import Settings
from doc_assets.settings.webhook import WebhookSettings


@dataclass(frozen=True, slots=True)
class Held:
    """A setting, and the value that holds here.

    Attributes:
        variable: Name in the environment.
        key: Key in ``doc-assets.toml``; None if it is read from the environment alone.
        value: The value, without secrets; None if it has none.
        origin: ``flag``, ``environment``, ``file`` or ``default``.
        problem: Why the value is not allowed; None if it is.
    """

    variable: str
    key: str | None
    value: str | None
    origin: str
    problem: str | None = None


def held(layers: Layers) -> list[Held]:
    """Return all settings with their values, in the order of the page."""
    return [_held(setting, layers) for setting in _ordered()]


def _ordered() -> list[Setting]:
    first = [
        setting for cls in (Settings, ServeSettings, WebhookSettings, LogSettings) for _, setting in settings_of(cls)
    ]
    return [*first, *(setting for setting in DECLARED.values() if setting not in first)]


def _held(setting: Setting, layers: Layers) -> Held:
    given = layers.given(setting.variable)
    key = setting.key if setting.in_file else None
    origin = given.origin if given else "default"
    try:
        return Held(setting.variable, key, _text(value_of(setting, layers)), origin)
    except ConfigurationError as error:
        text = given.text if given and not setting.is_secret else MASK
        return Held(setting.variable, key, text, origin, str(error))


def _text(value: object) -> str | None:
    """Return a value as it would be given, without secrets; None for one that is empty."""
    match value:
        case None | "" | ():
            return None
        case bool():
            return "on" if value else "off"
        case tuple():
            return ",".join(value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def table() -> str:
    """Return the table of all settings for ``docs/settings.md``, in Markdown."""
    rows = ["| variable | key of the file | meaning | default |", "|---|---|---|---|"]
    for setting in _ordered():
        key = f"`{setting.key}`" if setting.in_file else ""
        whole = type(setting.default) is int
        default = setting.otherwise or (f"{setting.default:,}" if whole else f"`{_text(setting.default)}`")
        rows.append(f"| `{setting.variable}` | {key} | {setting.meaning} | {default} |")
    return "\n".join(rows) + "\n"
