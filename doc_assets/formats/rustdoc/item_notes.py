"""The notes that rustdoc's pages show above an item's documentation: deprecation, stability, required features."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from doc_assets.document import Block
from doc_assets.formats.rustdoc.item_docs import documentation
from doc_assets.formats.rustdoc.items import Item

_FEATURES = re.compile(r'feature\s*=\s*"([^"]{1,100})"|name: "feature", value: Some\("([^"]{1,100})"\)')
_CONDITION = re.compile(r"#!?\[(?:doc\()?cfg\((.{1,300}?)\)\)?\]\s*", re.DOTALL)
_TRACED = re.compile(r"CfgTrace\(\[(.{1,600})\]\)", re.DOTALL)
_MARKED = re.compile(r"[`*_\[<\\&]")


def notes(item: Item, *around: Item) -> list[Block]:
    """Return an item's deprecation, instability and required features, each in a sentence.

    Args:
        item: The item.
        around: Items that it belongs to: rustdoc's JSON repeats their deprecation on their fields and variants.
    """
    sentences = [_availability(item), _instability(item), _deprecation(item)]
    stated = {sentence for one in around for sentence in (_instability(one), _deprecation(one))}
    return [Block(sentence) for sentence in sentences if sentence and sentence not in stated]


def _deprecation(item: Item) -> str:
    deprecation = item.get("deprecation")
    if not isinstance(deprecation, Mapping):
        return ""
    version, note = deprecation.get("since"), deprecation.get("note")
    stated = f"Deprecated since {version}" if version else "Deprecated"
    if version == "TBD":
        stated = "Deprecating in a future version"
    return f"{stated}: {_plain(note, item)}" if isinstance(note, str) and note.strip() else stated


def _plain(note: str, item: Item) -> str:
    """Return the words of a note, which is Markdown, on one line."""
    if _MARKED.search(note):
        parts = documentation({"docs": note, "links": item.get("links")}, lambda _: ("", False), fold=True)
        note = " ".join(part.text for part in parts if isinstance(part, Block)).replace("`", "")
    return " ".join(note.split())


def marks(item: Item) -> str:
    """Return what rustdoc's list of a module shows behind a name: " (Deprecated)", " (Experimental)"."""
    deprecation = item.get("deprecation")
    shown = ""
    if isinstance(deprecation, Mapping):
        shown = " (Deprecation planned)" if deprecation.get("since") == "TBD" else " (Deprecated)"
    return f"{shown} (Experimental)" if _instability(item) else shown


def _instability(item: Item) -> str:
    return "This is a nightly-only experimental API." if _level(item)[0] == "unstable" else ""


def stable_since(item: Item) -> str:
    """Return the version that stabilized an item of the standard library; "" for others, and before format 58."""
    level, facts = _level(item)
    since = facts.get("since") if level == "stable" else None
    return since if isinstance(since, str) else ""


def _level(item: Item) -> tuple[str, Mapping[str, Any]]:
    """Return the stability level and its details, which are beside the level (formats 58 to 60) or below it (61)."""
    stability = item.get("stability")
    if not isinstance(stability, Mapping):
        return "", {}
    level = stability.get("level")
    if isinstance(level, Mapping):
        name, facts = next(iter(level.items()), ("", {}))
        return name, facts if isinstance(facts, Mapping) else {}
    return (level, stability) if isinstance(level, str) else ("", {})


def _availability(item: Item) -> str:
    """Return a sentence like ``Available on crate feature net only`` from the attributes."""
    attributes = item.get("attrs")
    for attribute in attributes if isinstance(attributes, list) else ():
        text = attribute.get("other") if isinstance(attribute, Mapping) else attribute
        if not isinstance(text, str) or "cfg" not in text.lower():
            continue
        match = _CONDITION.fullmatch(text) or _TRACED.search(text)
        features = [one or other for one, other in _FEATURES.findall(match[1])] if match else []
        if not match or not features or re.search(r"\bnot\(|\bNot\(", match[1]):
            continue
        last = " or " if re.search(r"\b[aA]ny\(", match[1]) else " and "
        names = last.join(filter(None, (", ".join(features[:-1]), features[-1])))
        return f"Available on crate feature{'s' if len(features) > 1 else ''} {names} only."
    return ""
