"""Where values come from: flags go before the environment, that before ``doc-assets.toml``, that before defaults.

The file is looked for in the working directory and in the folders above, as git looks for a repository; the first one
counts, alone. ``DOC_ASSETS_SETTINGS`` names another one, or ``none``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from doc_assets.errors import ConfigurationError
from doc_assets.settings.declaration import PREFIX, Setting, key_of, settings_of
from doc_assets.settings.kinds import text
from doc_assets.settings.names import key_problem, refuse_mistyped
from doc_assets.settings.places import is_there

FILE: Final = "doc-assets.toml"
FILE_VARIABLE: Final = "DOC_ASSETS_SETTINGS"
Setting(
    FILE_VARIABLE,
    "the file of settings, in place of the `doc-assets.toml` that is found; `none`: no file is read",
    text,
    otherwise="`doc-assets.toml` in the working directory or the nearest folder above",
    in_file=False,
)

Origin = Literal["flag", "environment", "file"]

# What options before the command have set in this process's environment.
_flags: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it is given.

    Attributes:
        text: The value.
        origin: The layer.
        where: The variable; of a file its path and the key.
        base: Folder that relative paths start from; empty: the working directory.
    """

    text: str
    origin: Origin
    where: str
    base: Path = Path()


@dataclass(frozen=True)
class SettingsFile:
    """A ``doc-assets.toml``: the texts of its keys, by variable."""

    path: Path
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Layers:
    """The values that are given, and where."""

    environment: Mapping[str, str]
    file: SettingsFile | None = None
    flags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, environment: Mapping[str, str] | None = None) -> Layers:
        """Return those of this process; of a mapping, those of it alone.

        Raises:
            ConfigurationError: A variable is a mistyped one, or ``doc-assets.toml`` cannot be read, or has a key that
                is none.
        """
        refuse_mistyped(os.environ if environment is None else environment)
        if environment is not None:
            return cls(environment)
        place = file_of(os.environ)
        return cls(os.environ, read_file(place) if place else None, _flags)

    def given(self, variable: str) -> Given | None:
        """Return what is given for a variable; an empty value is none."""
        if value := self.environment.get(variable):
            return Given(value, "flag" if self.flags.get(variable) == value else "environment", variable)
        if self.file and (value := self.file.texts.get(variable)):
            return Given(value, "file", f"{self.file.path}: {key_of(variable)}", self.file.path.parent)
        return None

    @property
    def texts(self) -> dict[str, str]:
        """All values, by variable."""
        return {**(self.file.texts if self.file else {}), **self.environment}


def value_of(setting: Setting, layers: Layers) -> Any:  # noqa: ANN401 - each setting has a type of its own
    """Return the value of a setting.

    Raises:
        ConfigurationError: It is not allowed.
    """
    given = layers.given(setting.variable)
    if given is None:
        return setting.default if setting.found is None else setting.found()
    try:
        return setting.read(given.text, given.base)
    except ValueError as error:
        if setting.is_secret:
            raise ConfigurationError(f"{given.where} {error}") from None
        raise ConfigurationError(f"{given.where}={given.text!r}: {error} is needed") from None


def values_of(cls: type, layers: Layers) -> dict[str, Any]:
    """Return the values of a dataclass's settings, by field.

    Raises:
        ConfigurationError: A value is not allowed.
    """
    return {name: value_of(setting, layers) for name, setting in settings_of(cls)}


def set_by_flags(values: Mapping[str, str]) -> None:
    """Set variables for this process and those that it starts, as options before the command say."""
    _flags.update(values)
    os.environ.update(values)


def file_of(environment: Mapping[str, str], start: Path | None = None) -> Path | None:
    """Return the ``doc-assets.toml`` that applies, None without any.

    Raises:
        ConfigurationError: The file that is named is not there, or the one that was found belongs to another user.
    """
    named = environment.get(FILE_VARIABLE)
    if named == "none":
        return None
    if named:
        path = Path(named).expanduser().absolute()
        if not path.is_file():
            raise ConfigurationError(f"{FILE_VARIABLE}={named!r}: there is no such file; none means that none is read")
        return path
    folder = start or Path.cwd()
    above = (each / FILE for each in (folder, *folder.parents))
    path = next((each for each in above if is_there(each) and each.is_file()), None)
    # As git does it with repositories: whoever can write to a folder above could send documents and keys elsewhere.
    if path is not None and (owner := path.stat().st_uid) not in (0, os.geteuid()):
        raise ConfigurationError(
            f"{path} belongs to another user (uid {owner}): set {FILE_VARIABLE} to its path if its settings are to "
            "apply, or to none"
        )
    return path


def read_file(path: Path) -> SettingsFile:
    """Read a ``doc-assets.toml``.

    Raises:
        ConfigurationError: It is not TOML, or has a key that is none, or a value of the wrong type.
    """
    import tomllib  # 10 ms, and most runs have no file

    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"the settings in {path} cannot be read: {error}") from None
    if problems := [f"{path}: {problem}" for key, value in content.items() if (problem := key_problem(key, value))]:
        raise ConfigurationError("\n".join(problems))
    return SettingsFile(path, {f"{PREFIX}{key.upper()}": _text(value) for key, value in content.items()})


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ",".join(str(one) for one in value) if isinstance(value, list) else str(value)
