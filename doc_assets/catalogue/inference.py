"""Attributes inferred from the names of folders: crate, product, protocol, version.

Guesses by rule, written into a new catalogue for its owner to correct; a name that says nothing gives no guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

# Words for "documentation of …" behind a product's name.
_DOCUMENTATION = frozenset(
    {"book", "cfps", "design", "doc", "docs", "documentation", "enhancements", "guide", "guides", "html", "io", "keps"}
    | {"manual", "md", "proposals", "reference", "repo", "rst", "site", "source", "website", "wiki"}
)
# Collections about a subject, not about a product.
_TEACHING = frozenset(
    {"awesome", "cheatsheets", "cookbook", "course", "developer", "examples", "guidelines", "handbook", "handson"}
    | {"learning", "methods", "patterns", "practices", "primer", "styleguide", "tutorial", "tutorials", "workshop"}
)
_OF_RUSTDOC = frozenset({"crate", "rustdoc"})
_VERSION = re.compile(r"[-_]v?(\d+(?:\.\d+)+)$", re.IGNORECASE)
_VERSION_FOLDER = re.compile(r"v?\d+(?:\.\d+)+", re.IGNORECASE)


def attributes_of(doc_type: str, folder: str) -> dict[str, str]:
    """Return attributes for a source whose folder has this name.

    Example:
        >>> attributes_of("kubernetes", "talos-docs"), attributes_of("rust", "crate-serde-json")
        ({'product': 'talos'}, {'crate': 'serde_json'})
    """
    name = folder.lower()
    stated = _VERSION.search(name)
    words = [word for word in re.split(r"[-_\s]+", name[: stated.start()] if stated else name) if word]
    version = stated[1] if stated else ""
    if doc_type == "rust" or set(words[:1]) & _OF_RUSTDOC:
        return _crate(words, version)
    if doc_type == "defi":
        return _with_version({"protocol": words[0]} if words else {}, version)
    return _with_version(_product(doc_type, words), version)


def _crate(words: Sequence[str], version: str) -> dict[str, str]:
    """Return the crate: ``crate-tokio`` and ``std-rustdoc`` name one; ``cargo-book`` and ``rustdoc-json`` do not."""
    if len(words) < 2 or not {words[0], words[-1]} & _OF_RUSTDOC:
        return {}
    rest = words[1:] if words[0] in _OF_RUSTDOC else words[:-1]
    if rest in (["json"], ["html"]):
        return {}
    return {"crate": "_".join(rest)} | ({"crate_version": version} if version else {})


def _product(doc_type: str, words: Sequence[str]) -> dict[str, str]:
    rest = list(words)
    while rest and rest[-1] in _DOCUMENTATION:
        rest.pop()
    about = "-".join(rest)
    if not rest or set(rest) & _TEACHING or doc_type == "best_practices":
        return {}
    if rest[0] in ("linux", "kernel"):
        return {"product": "linux"}
    # Several words are a product's name only before "docs" or the like: linux-bpf, bayesian-methods.
    return {"product": about} if len(rest) == 1 or len(rest) < len(words) else {}


def _with_version(attributes: Mapping[str, str], version: str) -> dict[str, str]:
    return {**attributes, "version": version} if attributes and version else dict(attributes)


def products_below(folders: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return attributes by folder for the documentation of several products in one place.

    Such a place holds a folder with versions (``talos/v1.14``); its sibling folders are products too, unless their
    names are those of guides or the like. ``folders`` are all of the source, relative to it, ``/`` between parts.
    """
    found: dict[str, dict[str, str]] = {}
    known = sorted(set(folders))
    for folder in known:
        parent, _, name = folder.rpartition("/")
        if not parent or not _VERSION_FOLDER.fullmatch(name):
            continue
        portal = parent.rpartition("/")[0]
        for sibling in known:
            above, _, other = sibling.rpartition("/")
            if above == portal and not set(re.split(r"[-_]+", other.lower())) & (_DOCUMENTATION | _TEACHING):
                found[sibling] = {"product": other.lower()}
    return found if len(found) > 1 else {}  # one alone is a folder like "content"
