"""The standard fields: name, type, meaning, and the one spelling of a value in the store and in a filter.

Filling them for a document is in ``extraction``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from doc_assets.document import JsonValue

FieldType = Literal["string", "integer", "strings"]

_LONGEST = 2_000  # characters of a string; descriptions of real pages stay below 500
_MOST = 64  # members of a list


@dataclass(frozen=True, slots=True)
class Field:
    """A standard field of a document's metadata.

    Attributes:
        name: Key in the metadata, and in a filter.
        type: ``string``, ``integer``, or ``strings``: a list of them, each of which a filter finds.
        meaning: One line for people.
        synonyms: Names that documents use for it in front matter, the most specific first.
        spell: Returns a text in the field's spelling, or "" where it is no value of it.
        also: A field that holds a list of further values, which a filter by this field finds too.
    """

    name: str
    type: FieldType
    meaning: str
    synonyms: tuple[str, ...] = ()
    spell: Callable[[str], str] = str
    also: str = ""


def _lower(text: str) -> str:
    return text.lower()


def _crate(text: str) -> str:
    return text.replace("-", "_")  # crates.io treats both as one name; rustdoc writes the underscore


def _version(text: str) -> str:
    return re.sub(r"^[vV](?=\d)", "", text)


def _date(text: str) -> str:
    match = re.match(r"(\d{4})[-/](\d\d)[-/](\d\d)(?!\d)", text)
    return "-".join(match.groups()) if match else ""


def _address(text: str) -> str:
    return text if re.fullmatch(r"https?://[^\s<>\"]+", text) else ""


def _program_type(text: str) -> str:
    return re.sub(r"^bpf_prog_type_", "", text.lower().replace("-", "_"))


_KINDS: Mapping[str, str] = {
    "module": "mod",
    "function": "fn",
    "type_alias": "type",
    "typedef": "type",
    "attribute": "attr",
    "proc_attribute": "attr",
    "proc_derive": "derive",
    "trait_alias": "traitalias",
}


def _kind(text: str) -> str:
    lower = text.lower().replace(" ", "_")
    return _KINDS.get(lower, lower)


_ALL = (
    Field("crate", "string", "Rust crate, as in code: serde_json", (), _crate),
    Field("crate_version", "string", "version of the crate", (), _version),
    Field(
        "item_kind",
        "string",
        "what the page documents: struct, enum, union, trait, fn, macro, mod, crate, type, constant … (Rust); "
        "helper, kfunc, map_type, program_type, syscall (eBPF)",
        (),
        _kind,
    ),
    Field("item_path", "string", "full path of the item: tokio::fs::read", also="item_paths"),
    Field("item_paths", "strings", "all public paths of an item that has several, item_path included"),
    Field("stable_since", "string", "Rust release that made the item stable", (), _version),
    Field("language", "string", "programming language of a notebook", (), _lower),
    Field("kernel", "string", "kernel that a notebook asks for: Python 3"),
    Field("nbformat", "integer", "version of the notebook's file format"),
    Field("product", "string", "product that the document is about: cilium, talos, linux", (), _lower),
    Field("version", "string", "version of that product: 1.14", ("product_version", "release"), _version),
    Field("protocol", "string", "DeFi protocol: meteora, raydium, jupiter, orca, uniswap", (), _lower),
    Field(
        "kernel_version",
        "string",
        "first Linux release that has what the page documents: 5.8",
        ("min_kernel", "minimum_kernel_version", "linux_version"),
        _version,
    ),
    Field(
        "program_type",
        "strings",
        "eBPF program types that the page documents or names as users: xdp, sched_cls",
        ("program_types",),
        _program_type,
    ),
    Field("chapter", "string", "title of the part, chapter or section of the navigation that the page stands in"),
    Field("number", "string", "number of the page in its book: 10.1.4"),
    Field(
        "order",
        "integer",
        "place among its neighbours, as the document or its navigation states it",
        ("sidebar_position", "nav_order", "weight", "position"),
    ),
    Field("description", "string", "what the page says of itself in a sentence", ("summary", "excerpt", "abstract")),
    Field("tags", "strings", "tags, keywords and categories", ("keywords", "categories", "category", "topics")),
    Field(
        "date",
        "string",
        "day of publication: 2024-05-31",
        ("published", "publishDate", "publish_date", "pubDate", "created"),
        _date,
    ),
    Field(
        "updated",
        "string",
        "day of the last change that the document states",
        ("lastmod", "last_modified", "lastModified", "last_updated", "modified"),
        _date,
    ),
    Field("licence", "string", "licence: the document's own, else that of its source", ("license", "spdx")),
    Field(
        "url",
        "string",
        "address that the document itself gives as its own",
        ("canonical_url", "canonical", "canonicalUrl", "permalink", "externalUrl", "external_url"),
        _address,
    ),
)
FIELDS: Mapping[str, Field] = {field.name: field for field in _ALL}


def normalised(field: Field, value: JsonValue) -> JsonValue:
    """Return the value as the field stores it; None where it is of another type, or empty.

    Numbers become text in a text field, whole numbers in text become numbers, and a text with commas becomes a list.
    """
    if field.type == "strings":
        parts = value.split(",") if isinstance(value, str) else value
        items: Sequence[JsonValue] = parts if isinstance(parts, Sequence) else [parts]
        found = [text for item in items if (text := _text(field, item))]
        return list(dict.fromkeys(found))[:_MOST] or None
    if field.type == "integer":
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}", value.strip()):
            return int(value)
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    return _text(field, value) or None


def spellings(field: Field, value: str) -> JsonValue:
    """Return a filter's value as one member of the field's type; None where it can never match."""
    if field.type == "strings":
        return [text] if (text := _text(field, value)) else None
    return normalised(field, value)


def _text(field: Field, value: JsonValue) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return field.spell(" ".join(str(value).split())[:_LONGEST]).strip()
