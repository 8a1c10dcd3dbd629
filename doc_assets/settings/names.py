"""Names that set nothing: mistyped variables, and keys of ``doc-assets.toml`` that are none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from doc_assets.errors import ConfigurationError
from doc_assets.settings.declaration import DECLARED, PREFIX, key_of

# From here on a name is a mistyped one, as DATABASE_URI (0.92) is, and EMBEDDING_MODEL_NAME (0.86).
_MISTYPED = 0.8
# Kubernetes adds these to the pods of a namespace with a Service named doc-assets, or doc-assets-serve
# (kubernetes.io, "Environment variables" of Services): DOC_ASSETS_SERVE_SERVICE_HOST, DOC_ASSETS_SERVE_PORT_80_TCP.
_OF_SERVICES = re.compile(
    r".*_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)
_OF_TESTS = f"{PREFIX}TEST_"


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that looks like a setting, is none, and resembles none."""
    return [f"{name} is no setting: doc-assets settings lists them" for name, near in _unknown(environment) if not near]


def refuse_mistyped(environment: Mapping[str, str]) -> None:
    """Refuse variables whose names resemble a setting.

    Others only deserve a warning: a program of before a rollout shares its ConfigMap with the new one.

    Raises:
        ConfigurationError: There are such.
    """
    if problems := [f"{name} is no setting: did you mean {near}?" for name, near in _unknown(environment) if near]:
        raise ConfigurationError("\n".join(problems))


def _unknown(environment: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    for name in sorted(environment):
        others = name in DECLARED or name.startswith(_OF_TESTS) or _OF_SERVICES.fullmatch(name)
        if name.startswith(PREFIX) and not others:
            near = nearest(key_of(name), (key_of(one) for one in DECLARED), _MISTYPED)
            yield name, near and f"{PREFIX}{near.upper()}"


def key_problem(key: str, value: object) -> str | None:
    """Return what is wrong with a key of ``doc-assets.toml`` or the type of its value, None if nothing is."""
    setting = DECLARED.get(f"{PREFIX}{key.upper()}") if key == key.lower() else None
    if isinstance(value, dict):
        inner = next(iter(value), "…")
        return f"[{key}] is a table, and settings stand in none: write {key}_{inner} = … above all tables"
    if setting is None:
        near = nearest(key.lower().removeprefix(PREFIX.lower()), (key_of(one) for one in DECLARED), 0.6)
        return f"{key} is no setting" + (f" (did you mean {near}?)" if near else ": doc-assets settings lists them")
    if not setting.in_file:
        return f"{key} belongs to a process and not to a file: set {setting.variable} in its environment"
    plain = (str, int, float)
    if isinstance(value, plain) or (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        return None
    return f"{key}: a text, a number, true or false, or a list of texts is needed"


def nearest(name: str, names: Iterable[str], cutoff: float) -> str | None:
    """Return the name that resembles the given one most; None where none does."""
    import difflib

    return next(iter(difflib.get_close_matches(name, list(names), n=1, cutoff=cutoff)), None)
