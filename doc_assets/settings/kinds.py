"""How the text of a setting becomes its value; one that is not allowed is a ``ValueError`` with what is needed."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
# From the text, and the folder that relative paths start from.
Read = Callable[[str, Path], T]


def text(raw: str, _base: Path) -> str:
    """Return any text as it is."""
    return raw


def path(raw: str, base: Path) -> Path:
    """Return the absolute path."""
    return (base / Path(raw).expanduser()).absolute()


def model(raw: str, base: Path) -> str:
    """Return the name of a model; where it is that of a folder below ``base``, its path."""
    folder = base / Path(raw).expanduser()
    return str(folder) if base.is_absolute() and folder.is_dir() else raw


def words(raw: str, _base: Path) -> tuple[str, ...]:
    """Return the words between commas and blanks."""
    return tuple(raw.replace(",", " ").split())


def number(least: float = 0) -> Read[float]:
    """Read a number above 0, of at least ``least``."""

    def read(raw: str, _base: Path) -> float:
        value = _float(raw, 0)
        if not (value > 0 and least <= value < math.inf):
            raise ValueError(f"a number of at least {least:,.0f}" if least else "a number above 0")
        return value

    return read


def count(least: int = 1) -> Read[int]:
    """Read a number of at least ``least``, without what is behind its point."""
    read = number(least)
    return lambda raw, base: int(read(raw, base))


def share(raw: str, _base: Path) -> float:
    """Return a share from 0 to 1."""
    value = _float(raw, -1)
    if not 0 <= value <= 1:
        raise ValueError("a share from 0 to 1, as in 0.001,")
    return value


def whole(raw: str, _base: Path) -> int:
    """Return a whole number of at least 0."""
    if not raw.strip().isdecimal():
        raise ValueError("a whole number of at least 0")
    return int(raw)


def whole_or_none(raw: str, base: Path) -> int | None:
    """Return a whole number; None for 0."""
    return whole(raw, base) or None


def choice(*allowed: str) -> Read[str]:
    """Read one of these words."""

    def read(raw: str, _base: Path) -> str:
        if raw not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return raw

    return read


def switch(raw: str, base: Path) -> bool:
    """Return True for ``on``, False for ``off``."""
    return choice("off", "on")(raw, base) == "on"


def secret(problem: Callable[[str], str | None], kind: Callable[[str], T]) -> Read[T]:
    """Read a secret without the white space at its ends, which files and Secrets often add.

    Its ``ValueError`` says what is wrong with the value, instead of what is needed, and quotes none of it.
    """

    def read(raw: str, _base: Path) -> T:
        value = raw.strip()
        if not value:
            raise ValueError("holds nothing but white space: unset it, or set its value")
        if wrong := problem(value):
            raise ValueError(f"{wrong}: correct it where it is set; its value is not shown here")
        return kind(value)

    return read


def _float(raw: str, otherwise: float) -> float:
    try:
        return float(raw)
    except ValueError:
        return otherwise
