"""The declaration of a setting: its variable, its meaning, how its value is read.

::

    @dataclass(frozen=True)
    class Limits:
        rate: int = setting("DOC_ASSETS_SERVE_RATE", "most requests of one client in a minute", whole, default=1_200)

    values_of(Limits, Layers.of({"DOC_ASSETS_SERVE_RATE": "60"}))  # {"rate": 60}
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from doc_assets.settings.kinds import Read

PREFIX: Final = "DOC_ASSETS_"
_KEY: Final = "setting"
# All of them, by variable, in the order of the modules that ``doc_assets.settings`` imports.
DECLARED: Final[dict[str, Setting]] = {}


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting.

    Attributes:
        variable: Name in the environment.
        meaning: What it sets, in Markdown, for a page.
        read: How its text becomes its value.
        otherwise: What holds where it is not set, in Markdown; empty: its default says it.
        is_secret: No output shows its value.
        in_file: ``doc-assets.toml`` may set it.
        default: Value where it is not set.
        found: Finds that value on this machine, in place of ``default``.
    """

    variable: str
    meaning: str
    read: Read[Any]
    otherwise: str = ""
    is_secret: bool = False
    in_file: bool = True
    default: Any = None
    found: Callable[[], Any] | None = None

    def __post_init__(self) -> None:
        """Add it to those that are declared."""
        DECLARED[self.variable] = self

    @property
    def key(self) -> str:
        """Its key in ``doc-assets.toml``."""
        return key_of(self.variable)


def key_of(variable: str) -> str:
    """Return a variable's key in ``doc-assets.toml``."""
    return variable.removeprefix(PREFIX).lower()


def setting(
    variable: str,
    meaning: str,
    read: Read[Any],
    *,
    default: Any = dataclasses.MISSING,  # noqa: ANN401 - each setting has a type of its own
    found: Callable[[], Any] | None = None,
    otherwise: str = "",
    is_secret: bool = False,
) -> Any:  # noqa: ANN401 - as ``dataclasses.field``
    """Return the field of a dataclass that is a setting; see ``Setting``. Without a default it has to be given."""
    missing = default is dataclasses.MISSING
    declared = Setting(variable, meaning, read, otherwise, is_secret, default=None if missing else default, found=found)
    metadata = {_KEY: declared}
    return dataclasses.field(metadata=metadata) if missing else dataclasses.field(default=default, metadata=metadata)


def settings_of(cls: type) -> Iterator[tuple[str, Setting]]:
    """Yield the fields of a dataclass that are settings, with their declarations."""
    for field in dataclasses.fields(cls):
        if _KEY in field.metadata:
            yield field.name, field.metadata[_KEY]
