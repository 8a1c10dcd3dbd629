"""Items of rustdoc JSON: their kinds, what they hold, and the attributes that say where rustdoc lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Item = Mapping[str, Any]

_TYPES = frozenset(("struct", "enum", "union", "trait"))
_USES = frozenset(("use", "import"))


def kind_of(item: Item) -> str:
    """Return ``struct``, ``function`` …: the one key of the item's ``inner``."""
    return _inner(item)[0]


def content_of(item: Item) -> Any:  # noqa: ANN401 - whatever the kind holds
    """Return the value of ``inner``: a mapping for most kinds, text for a macro, None for an extern type."""
    return _inner(item)[1]


def is_type(item: Item) -> bool:
    """Return whether an item is a struct, enum, union or trait, which has a document of its own."""
    return kind_of(item) in _TYPES


def is_use(item: Item) -> bool:
    """Return whether an item is a re-export."""
    return kind_of(item) in _USES


def is_public(item: Item) -> bool:
    """Return whether users can name an item: it is public, or as public as what it stands in."""
    return item.get("visibility", "public") in ("public", "default")


def is_glob(use: Item) -> bool:
    """Return whether a re-export names all items of a module or all variants of an enum."""
    content = content_of(use)
    return bool(content.get("is_glob") or content.get("glob"))


def has_doc_attribute(item: Item, word: str) -> bool:
    """Return whether an item has ``#[doc(word)]``: ``inline`` or ``no_inline``."""
    for attribute in item.get("attrs") or ():
        text = attribute.get("other") if isinstance(attribute, Mapping) else attribute
        if not isinstance(text, str) or not text.startswith("#[doc("):
            continue
        if word in (part.strip() for part in text.removeprefix("#[doc(").removesuffix(")]").split(",")):
            return True
    return False


def _inner(item: Item) -> tuple[str, Any]:
    inner = item["inner"]
    if isinstance(inner, str):  # a kind without content
        return inner, None
    for kind, content in inner.items():
        return kind, content
    raise KeyError("inner")
