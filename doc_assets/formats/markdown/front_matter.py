"""Splits off front matter, the YAML, TOML or JSON block before Markdown, and parses it with limits.

Also heads without fences: MultiMarkdown's, which Pelican and MkDocs read too, and Pandoc's title block. ``format``
makes a document's title and metadata from its facts.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping

import yaml

from doc_assets.document import JsonValue, canonical_json, json_safe

_YAML = re.compile(r"---[ \t]*\n(?P<block>.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML = re.compile(r"\+\+\+[ \t]*\n(?P<block>.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_JSON = re.compile(r"\{\s*\"[\w-]+\"\s*:")
_KEY = re.compile(r"""(?:["']?[\w$@][\w .$@/-]*["']?(?:\s*=|:\s|:$)|[?-](?:\s|$)|\s|\[[\w."\[]|[\]}])""")
_SIMPLE = re.compile(r"^(title|description|slug)[ \t]*[:=][ \t]+(?![!&*{\[|>])(.{1,300})$", re.MULTILINE)
_ALIAS = re.compile(r"(?:^|[\s\[,{:-])\*\w", re.MULTILINE)
_DEEP = re.compile(r"(?:- ){40}")

# MultiMarkdown: a keyword and a value on each line up to a blank one; more of a value stands indented below.
_HEAD_LINE = re.compile(
    r"[ ]{0,3}(?P<key>[A-Za-z][\w-]*(?:[ ][A-Za-z][\w-]*){0,2})[ \t]*:(?!//)(?:[ \t]+(?P<value>\S.*)|[ \t]*)$"
)
_HEAD_MORE = re.compile(r"(?:[ ]{4}|\t)[ \t]*(\S.*)$")
_TITLE_BLOCK = re.compile(r"%[ ]+(\S.*)\n(?:[ ].*\n)*%[ ]*(.*)\n(?:[ ].*\n)*%[ ]*(\S.*)\n(?:[ \t]*\n|\Z)")
_MAX_HEAD = 60  # lines
# fmt: off
_HEAD_KEYS = frozenset((
    "affiliation", "author", "authors", "base_url", "baseheaderlevel", "category", "categories", "comments",
    "copyright", "created", "css", "date", "description", "email", "excerpt", "keywords", "lang", "language",
    "latexmode", "layout", "license", "licence", "modified", "order", "permalink", "product", "pub-date", "published",
    "quoteslanguage", "revision", "slug", "status", "subtitle", "summary", "tags", "template", "title", "updated",
    "version", "xhtmlheader", "htmlheader", "weight",
))
# fmt: on
_MAX_BLOCK = 64 * 1024  # characters; the longest of 4,700 real ones is under 8 KiB
_MAX_ALIASES = 20  # with merge keys, n aliases can multiply to about 1.4**n nodes: 20 are harmless, 80 are a bomb
_MAX_BRACKETS = 400  # PyYAML and tomllib recurse once per open bracket
_MAX_VALUE, _MAX_TOTAL = 1_000, 4_000  # characters as JSON: facts, not payloads
_DROPPED = frozenset({"jupytext", "kernelspec"})  # storage of a notebook, not its content


class _TextLoader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # pyrefly: ignore[invalid-inheritance]
    """Safe YAML in which only null, true, false and plain integers are not strings.

    Keeps ``version: 1.10`` and ``date: 2024-02-30`` as written, where YAML 1.1 would give 1.1 and fail.
    """

    yaml_implicit_resolvers: dict = {}  # noqa: RUF012 - PyYAML's own class attribute


# What only a program could make of a tag (``!!python/name:…``, ``!ENV``) is nothing.
_TextLoader.add_constructor(None, lambda loader, node: None)  # the default
_TextLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_TextLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF"))
_TextLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^(?:0|-?[1-9]\d{0,17})$"), list("-0123456789"))


def split_front_matter(text: str) -> tuple[dict[str, JsonValue], str]:
    """Split front matter off the top of a text; return its small facts, at most 4,000 characters, and the rest.

    There must be keys between the fences, as a horizontal rule can open a text. If front matter is a list, malformed,
    carries a Python tag or is a bomb, only its plain ``title:`` and ``description:`` lines count.
    """
    match = _YAML.match(text) or _TOML.match(text)
    if match is None:
        return _split_json(text) if _JSON.match(text) else _split_head(text)
    block = match["block"]
    if not _reads_as_keys(block):
        return {}, text
    parsed = _read_toml(block) if text.startswith("+") else read_yaml(block)
    if parsed is None:
        parsed = {key: value.strip().strip("\"'") for key, value in _SIMPLE.findall(block)}
    return _facts(parsed), text[match.end() :]


def stated_in_yaml(text: str) -> Mapping:
    """Return all facts of a page's YAML front matter, long ones and those of a notebook's storage too."""
    match = _YAML.match(text)
    return (read_yaml(match["block"]) if match and len(match["block"]) <= _MAX_BLOCK else None) or {}


def _split_head(text: str) -> tuple[dict[str, JsonValue], str]:
    """Split off a head without fences: one that states a title, or two facts with names known from such heads.

    So a text that opens with "Note: …" or "Warning: …" keeps its first words.
    """
    if text.startswith("% ") and (block := _TITLE_BLOCK.match(text)):
        found = {"title": block[1], "author": block[2], "date": block[3]}
        return _facts({key: value.strip() for key, value in found.items()}), text[block.end() :]
    if not _HEAD_LINE.match(text[: max(0, text.find("\n"))]):
        return {}, text
    facts: dict[str, str] = {}
    position = 0
    key = ""
    for _ in range(_MAX_HEAD):
        end = text.find("\n", position)
        line = text[position : end if end >= 0 else len(text)]
        if not line.strip():
            break
        if more := _HEAD_MORE.match(line) if key else None:
            facts[key] = f"{facts[key]} {more[1].rstrip()}".strip()
        elif stated := _HEAD_LINE.match(line):
            key = stated["key"].lower().replace(" ", "")
            facts[key] = (stated["value"] or "").rstrip()
        else:
            return {}, text
        position = end + 1 if end >= 0 else len(text)
    else:
        return {}, text
    known = _HEAD_KEYS & facts.keys()
    if not facts.get("title") and len(known) < 2:
        return {}, text
    return _facts(facts), text[position:]


def _split_json(text: str) -> tuple[dict[str, JsonValue], str]:
    """Split off Hugo's JSON front matter: an object at the start of the file, followed by a line end and a page."""
    head = text[:_MAX_BLOCK]
    if _too_deep(head):
        return {}, text
    try:
        parsed, end = json.JSONDecoder().raw_decode(head)
    except (ValueError, RecursionError):
        return {}, text
    if not isinstance(parsed, dict) or text[end : end + 1] != "\n" or not text[end:].strip():
        return {}, text
    return _facts(parsed), text[end + 1 :]


def _facts(parsed: Mapping) -> dict[str, JsonValue]:
    facts = json_safe({str(k): v for k, v in parsed.items() if str(k) not in _DROPPED})
    return _small(facts if isinstance(facts, dict) else {})


def _reads_as_keys(block: str) -> bool:
    """Return whether the lines are keys and values rather than prose between two horizontal rules."""
    first, _, _ = block.partition("\n")
    if not block.strip():
        return True  # nothing is lost with it
    lines = [line for line in block.split("\n") if line.strip() and not line.startswith("#")]
    if not first.strip() and not re.match(r"\s*(?:title|description|layout|date|tags)\s*[:=]", block):
        return False
    if len(block) > _MAX_BLOCK:
        return False
    keys = sum(1 for line in lines if _KEY.match(line))
    return keys * 2 > len(lines)


def read_yaml(block: str) -> Mapping | None:
    """Return the mapping in a YAML text, with its scalars as written; None if there is none within the limits."""
    if len(_ALIAS.findall(block)) > _MAX_ALIASES or _too_deep(block):
        return None
    try:
        value = yaml.load(block, Loader=_TextLoader)  # noqa: S506 - a subclass of the safe loader
    # Besides YAMLError, PyYAML's constructors raise the errors of int(), base64 and re on odd scalars.
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None
    return value if isinstance(value, Mapping) else None


def _read_toml(block: str) -> Mapping | None:
    if _too_deep(block):
        return None
    try:
        return tomllib.loads(block)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        return None


def _too_deep(block: str) -> bool:
    return block.count("[") + block.count("{") > _MAX_BRACKETS or _DEEP.search(block) is not None


def _small(facts: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the facts in their order without huge ones, up to the total."""
    kept: dict[str, JsonValue] = {}
    total = 0
    for key, value in facts.items():
        size = len(key) + len(canonical_json(value))
        if value in (None, "", [], {}) or size > _MAX_VALUE or total + size > _MAX_TOTAL:
            continue
        kept[key] = value
        total += size
    return kept
