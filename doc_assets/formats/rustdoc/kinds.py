"""Kinds of items, with one name for rustdoc's HTML and JSON, and their labels in titles."""

from __future__ import annotations

from collections.abc import Iterable

from doc_assets.document import JsonValue

LABELS = {
    "crate": "Crate",
    "module": "Module",
    "struct": "Struct",
    "enum": "Enum",
    "union": "Union",
    "trait": "Trait",
    "trait_alias": "Trait Alias",
    "fn": "Function",
    "macro": "Macro",
    "attr": "Attribute Macro",
    "derive": "Derive Macro",
    "constant": "Constant",
    "static": "Static",
    "type": "Type Alias",
    "foreign_type": "Foreign Type",
    "primitive": "Primitive Type",
    "keyword": "Keyword",
    "attribute": "Attribute",
    "variant": "Variant",
}
# rustdoc's order of the lists in a module.
# fmt: off
ORDER = {kind: number for number, kind in enumerate((
    "primitive", "module", "macro", "struct", "enum", "constant", "static", "trait", "fn", "type", "union",
    "foreign_type", "keyword", "attribute", "attr", "derive", "trait_alias",
))}
# fmt: on
# Fragments of the lists that are not the kind with an "s".
ANCHORS = {"fn": "functions", "attr": "attributes", "derive": "derives", "trait_alias": "trait-aliases"}
PLURALS = {"type": "Type Aliases", "trait_alias": "Trait Aliases"}
_FRAME = frozenset(("rustdoc", "rustdoc-page", "container-rustdoc"))
_BY_LABEL = {label: kind for kind, label in LABELS.items()} | {"Type Definition": "type"}
_HTML = {"mod": "module", "traitalias": "trait_alias", "foreigntype": "foreign_type"}
_JSON = {"function": "fn", "type_alias": "type", "extern_type": "foreign_type"}


def html_kind(classes: Iterable[str]) -> str:
    """Return the kind from the classes of a page's body (``rustdoc mod crate``); "" if they state none.

    docs.rs gives them to an element of its own inside the body, with one more.
    """
    kinds = [one for one in classes if one not in _FRAME]
    kind = "crate" if "crate" in kinds else kinds[0] if kinds else ""
    return _HTML.get(kind, kind)


def kind_from_label(label: str) -> str:
    """Return the kind from the words before an item's name: ``Attribute Macro``; "" if they are none of rustdoc's."""
    return _BY_LABEL.get(label, "")


def json_kind(kind: str, content: object) -> str:
    """Return the kind from the key and the value of an item's ``inner``."""
    if kind == "proc_macro":
        form = content.get("kind") if isinstance(content, dict) else None
        return form if form in ("attr", "derive") else "macro"
    return _JSON.get(kind, kind)


def item_facts(*, crate: str, version: str, kind: str, path: str, **more: JsonValue) -> dict[str, JsonValue]:
    """Return the metadata of an item's document, with the same names for both formats; omit empty values and 0."""
    facts: dict[str, JsonValue] = {
        "crate": crate,
        "crate_version": version,
        "item_kind": kind,
        "item_path": path,
        **more,
    }
    return {name: value for name, value in facts.items() if value}
