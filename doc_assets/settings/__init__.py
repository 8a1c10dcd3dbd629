"""The settings: where things are and how the machine is used. Read once, passed down as values.

Each is declared once, with its variable, its meaning and how its value is read (``declaration``); flags, environment,
the file ``doc-assets.toml`` and defaults give the values, in this order (``layers``). ``names`` finds mistyped
variables, ``reference`` lists all settings. Nothing else in the project reads variables that start with
``DOC_ASSETS_``.
"""

from doc_assets.settings.cluster import ClusterSettings
from doc_assets.settings.logs import LogSettings
from doc_assets.settings.serving import ServeSettings
from doc_assets.settings.settings import LEAST_PARSE_MEMORY_BYTES, Settings
from doc_assets.settings.termination import termination_message_path
from doc_assets.settings.webhook import WebhookSettings

__all__ = [
    "LEAST_PARSE_MEMORY_BYTES",
    "ClusterSettings",
    "LogSettings",
    "ServeSettings",
    "Settings",
    "WebhookSettings",
    "termination_message_path",
]
