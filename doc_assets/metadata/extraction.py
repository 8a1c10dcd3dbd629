"""Fills the standard metadata fields from what a document, its path and its source state.

The fields and the spelling of their values are in ``fields``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from doc_assets.document import Document, JsonValue
from doc_assets.metadata.fields import FIELDS, normalised

# Raised when the same document, path and attributes give other metadata; part of a snapshot's recipe.
METADATA_VERSION = 2

# Facts about the whole source: its catalogue precedes a page, whose "version" may be that of its text.
_OF_THE_SOURCE = frozenset({"product", "protocol", "version"})
# In the front matter of a page these words mean other things (the language of its prose, a Linux kernel).
_OF_NOTEBOOKS = frozenset({"kernel", "language", "nbformat"})
_WITH_FRONT_MATTER = frozenset({"asciidoc", "markdown", "mdx", "html", "rst", "text"})
# The names that rustdoc's formats give these two, since a page has no other version and path.
_OF_RUSTDOC = {"version": "crate_version", "path": "item_path"}
_ASIDE = "front_matter."
# Docutils' bibliographic fields describe the document: ``:Version:`` of a page of Linux is that of a driver.
_OF_THE_DOCUMENT = frozenset({"rst"})
# In the catalogue, in place of a version: each page states that of the product.
_STATED_BY_PAGES = "page"

# v1.14, 1.13, v1.2.3, release-1.30, 2.x; a bare "v2" is an API's or a protocol's version and counts less.
_VERSION_FOLDER = re.compile(r"(?:(?:release|version)-)?v?(\d+(?:\.\d+)+(?:\.x)?|\d+\.x)", re.IGNORECASE)
_MAJOR_FOLDER = re.compile(r"v(\d{1,2})", re.IGNORECASE)

# enum bpf_prog_type of include/uapi/linux/bpf.h.
# fmt: off
_PROGRAM_TYPES = frozenset({
    "socket_filter", "kprobe", "sched_cls", "sched_act", "tracepoint", "xdp", "perf_event", "cgroup_skb",
    "cgroup_sock", "lwt_in", "lwt_out", "lwt_xmit", "sock_ops", "sk_skb", "cgroup_device", "sk_msg",
    "raw_tracepoint", "cgroup_sock_addr", "lwt_seg6local", "lirc_mode2", "sk_reuseport", "flow_dissector",
    "cgroup_sysctl", "raw_tracepoint_writable", "cgroup_sockopt", "tracing", "struct_ops", "ext", "lsm",
    "sk_lookup", "syscall", "netfilter"
})
# fmt: on
_PROGRAM_TYPE = re.compile(r"\bBPF_PROG_TYPE_([A-Z0-9_]+)\b")
_EBPF_FOLDERS = {
    **dict.fromkeys(("helper-function", "helper-functions", "helpers"), "helper"),
    **dict.fromkeys(("kfunc", "kfuncs"), "kfunc"),
    **dict.fromkeys(("map-type", "map-types"), "map_type"),
    **dict.fromkeys(("program-type", "program-types", "programs"), "program_type"),
    "syscall": "syscall",
}
_KERNEL_TAG = re.compile(r"\W{0,20}v?([3-9]\.\d{1,2})\W{0,20}")  # eBPF came with 3.18
_OPENING_BLOCKS = 3


def describe(document: Document, doc_type: str, attributes: Mapping[str, str], path: str) -> dict[str, JsonValue]:
    """Return the document's metadata with the standard fields filled in, each of its type.

    A fact that the document states under another name is moved to the standard one. A value of another type than the
    field's stays under its own name, or under ``front_matter.<name>`` where that is a standard one; so does one that
    the catalogue contradicts.

    Args:
        document: As its format read it.
        doc_type: Documentation type of its source.
        attributes: The catalogue's facts about the source.
        path: Path of the file, relative to the source.
    """
    stated = _renamed(document)
    facts: dict[str, JsonValue] = {}
    for name in _OF_NOTEBOOKS & stated.keys() if document.format in _WITH_FRONT_MATTER else ():
        facts[_ASIDE + name] = stated.pop(name)
    facts |= _standard(stated)
    for name in FIELDS.keys() & stated.keys():
        facts[_ASIDE + name] = stated.pop(name)
    facts |= stated
    place = PurePosixPath(path)
    by_pages = attributes.get("version") == _STATED_BY_PAGES
    given = _attributes({name: text for name, text in attributes.items() if not (by_pages and name == "version")})
    own = document.format in _OF_THE_DOCUMENT and bool({"product", "protocol"} & given.keys() - facts.keys())
    if own and not by_pages and "version" in facts:
        facts[_ASIDE + "version"] = facts.pop("version")
    if "version" not in given and (version := folder_version(place)):
        given["version"] = version
    for name, value in given.items():
        if name not in facts:
            facts[name] = value
        elif name in _OF_THE_SOURCE or name not in FIELDS:
            if facts[name] != value:
                facts[_ASIDE + name] = facts[name]
            facts[name] = value
    if "version" not in facts and (major := _last_major(place)):
        facts["version"] = major
    if document.parents:
        facts.setdefault("chapter", document.parents[-1])
    if doc_type == "ebpf":
        for name, value in _ebpf_facts(document, place).items():
            facts.setdefault(name, value)
    return facts


def _renamed(document: Document) -> dict[str, JsonValue]:
    stated = dict(document.metadata)
    if document.format.startswith("rustdoc"):
        for own, standard in _OF_RUSTDOC.items():
            if own in stated:
                value = stated.pop(own)
                stated.setdefault(standard, value)
    return stated


def _standard(stated: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the standard fields of the document's own facts; take the facts used out of ``stated``."""
    found: dict[str, JsonValue] = {}
    for field in FIELDS.values():
        for name in (field.name, *field.synonyms):
            value = normalised(field, stated[name]) if name in stated else None
            if value is None:
                continue
            if field.type == "strings":
                found[field.name] = list(dict.fromkeys([*_members(found.get(field.name)), *_members(value)]))
                del stated[name]
            elif field.name not in found:
                found[field.name] = value
                del stated[name]
    return found


def _members(value: JsonValue) -> Iterator[JsonValue]:
    if isinstance(value, list):
        yield from value


def _attributes(attributes: Mapping[str, str]) -> dict[str, JsonValue]:
    given: dict[str, JsonValue] = {}
    for name, text in attributes.items():
        field = FIELDS.get(name)
        value = normalised(field, text) if field else text
        if value is not None:
            given[name] = value
    return given


def folder_version(place: PurePosixPath) -> str:
    """Return the version that the outermost folder with one names; "" without."""
    for folder in place.parts[:-1]:
        if match := _VERSION_FOLDER.fullmatch(folder):
            return match[1]
    return ""


def _last_major(place: PurePosixPath) -> str:
    majors = [match[1] for folder in place.parts[:-1] if (match := _MAJOR_FOLDER.fullmatch(folder))]
    return majors[-1] if majors else ""


def _ebpf_facts(document: Document, place: PurePosixPath) -> dict[str, JsonValue]:
    """Return the conventional facts of pages about eBPF: first kernel release, program types, kind of item."""
    facts: dict[str, JsonValue] = {}
    kind = _EBPF_FOLDERS.get(place.parent.name, "") if place.stem.lower() not in ("index", "readme", "_index") else ""
    opening = [block.text for section in document.sections[:2] for block in section.blocks][:_OPENING_BLOCKS]
    tags = [match[1] for text in opening if len(text) < 60 and (match := _KERNEL_TAG.fullmatch(text))]
    if tags:
        facts["kernel_version"] = tags[0]
    if kind == "program_type" and (own := _program_types_of(place.stem)):
        facts["program_type"] = own
    elif own := _program_types_of(place.stem.removeprefix("prog_")) if place.stem.startswith("prog_") else []:
        facts["program_type"] = own
        kind = "program_type"
    elif kind == "program_type":
        kind = ""  # a folder of programs, not of types
    elif users := _named_program_types(document):
        facts["program_type"] = users
    if kind:
        facts["item_kind"] = kind
    return facts


def _program_types_of(stem: str) -> list[str]:
    name = re.sub(r"^bpf_prog_type_", "", stem.lower().replace("-", "_"))
    return [n for n in (name, name.removesuffix("s")) if n in _PROGRAM_TYPES][:1]


def _named_program_types(document: Document) -> list[str]:
    """Return the types that the document lists under a heading "Program types"."""
    found: dict[str, None] = {}
    for section in document.sections:
        if section.heading_path and section.heading_path[-1].strip().lower() in ("program types", "program type"):
            for block in section.blocks:
                found |= dict.fromkeys(name.lower() for name in _PROGRAM_TYPE.findall(block.text))
    return [name for name in found if name in _PROGRAM_TYPES]
