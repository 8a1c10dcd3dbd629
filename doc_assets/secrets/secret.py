"""The type of every secret between the settings and the socket, and why a value can be none."""

from __future__ import annotations

import unicodedata
from typing import Self
from urllib.parse import unquote, urlsplit

from doc_assets.secrets.masking import MASK, learn, learn_address


class Secret:
    """A value that ``str``, ``repr``, tracebacks and JSON show as ``***``; every output masks it from now on.

    Like pydantic's ``SecretStr``, which would cost the exporter 5 MB and 0.2 s. Keep it as it is up to the call that
    sends it.

    Example:
        >>> key = Secret("sk-123456")
        >>> print(key)
        ***
        >>> key.reveal()
        'sk-123456'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Take the value and have it masked."""
        self._value = value
        self._learn()

    @classmethod
    def of(cls, value: str | Secret | None) -> Self | None:
        """Return the value as a secret; None for None and for an empty value."""
        given = value.reveal() if isinstance(value, Secret) else value
        return cls(given) if given else None

    def reveal(self) -> str:
        """Return the value, for whom it is meant."""
        return self._value

    def _learn(self) -> None:
        learn(self._value)
        learn_address(self._value)

    def __str__(self) -> str:
        """Return the mask."""
        return MASK

    def __repr__(self) -> str:
        """Return the type and what ``str`` shows."""
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        """Return True for a secret of the same kind and value."""
        return type(other) is type(self) and isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        """Return a hash, so that settings can be a key."""
        return hash((type(self), self._value))

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        """Pickle it so that a process that receives it masks it, too."""
        return type(self), (self._value,)


class SecretAddress(Secret):
    """An address that may hold a login and secret parameters; ``str`` shows it without them.

    Only these parts of it are masked in outputs, not the whole of it.

    Example:
        >>> print(SecretAddress("https://robot:s3cret@example.org/v1?api-key=123456"))
        https://***@example.org/v1?api-key=***
    """

    __slots__ = ()

    def _learn(self) -> None:
        learn_address(self._value)

    def __str__(self) -> str:
        """Return the address without its login and the values of its parameters; the mask if it is malformed."""
        if address_problem(self._value):
            return MASK
        parts = urlsplit(self._value)
        login, at, host = parts.netloc.rpartition("@")
        names = (parameter.partition("=") for parameter in parts.query.split("&"))
        query = "&".join(f"{name}{equals}{value and MASK}" for name, equals, value in names)
        return parts._replace(netloc=f"{MASK if login else ''}{at}{host}", query=query, fragment="").geturl()


def text_problem(value: str) -> str | None:
    """Return what is wrong with a password or name: no protocol carries a control character."""
    for place, c in enumerate(value, 1):
        if unicodedata.category(c) in ("Cc", "Cs"):
            what = "control character" if unicodedata.category(c) == "Cc" else "byte that is no UTF-8"
            return f"holds a {what} (U+{ord(c):04X}, character {place} of {len(value)})"
    return None


def header_problem(value: str) -> str | None:
    """Return what is wrong with a value that is sent as a header: it takes printable ASCII only."""
    if found := text_problem(value):
        return found
    for place, c in enumerate(value, 1):
        if not c.isascii():
            return f"holds a character that is not ASCII (character {place} of {len(value)})"
    return None


def address_problem(value: str) -> str | None:
    """Return why nothing can be asked at an address with a scheme, without quoting it."""
    if found := text_problem(value):
        return found
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "has no valid host and port: write /, ?, #, @ and : of its name and password as %2F, %3F, %23, %40, %3A"
    if any(c.isspace() for c in parts.netloc):
        return "holds a blank in its name, password or host: write it as %20"
    if not parts.scheme or not host:
        return "is no address of the form scheme://host"
    if found := text_problem(unquote(parts.netloc.rpartition("@")[0])):
        return f"{found} in its name or password"
    return None
