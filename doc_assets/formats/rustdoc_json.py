"""The format ``rustdoc_json``: a crate as ``rustdoc --output-format json`` describes it, versions 37 and later.

One document per module, and one per struct, enum, union and trait. Where items are found is in ``rustdoc_crate``, how
declarations are written in ``rust_signatures``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from doc_assets.document import Block, Document, JsonValue
from doc_assets.errors import DocumentRejected
from doc_assets.formats import RawFile, decode
from doc_assets.formats.html_blocks import in_pieces
from doc_assets.formats.html_fragment import Heading, Part
from doc_assets.formats.markdown import markdown_parts
from doc_assets.formats.outline import outline
from doc_assets.formats.rust_signatures import declaration, path, type_name
from doc_assets.formats.rustdoc_crate import OLDEST_VERSION, Crate, Item, Module, content_of, kind_of, read_crate
from doc_assets.formats.rustdoc_members import SHORT_SUMMARY, is_substantial

__all__ = ["RustdocJsonFormat"]

_HEAD = 8_192  # bytes at either end that tell a crate from other JSON: its version stands last
_LABELS = {
    "struct": "Struct",
    "enum": "Enum",
    "union": "Union",
    "trait": "Trait",
    "trait_alias": "Trait Alias",
    "module": "Module",
    "function": "Function",
    "macro": "Macro",
    "proc_macro": "Macro",
    "constant": "Constant",
    "static": "Static",
    "type_alias": "Type Alias",
    "extern_type": "Foreign Type",
    "primitive": "Primitive Type",
    "keyword": "Keyword",
    "variant": "Variant",
}
_PLURALS = {"proc_macro": "Macros", "type_alias": "Type Aliases", "trait_alias": "Trait Aliases"}
_LONGEST_SUMMARY = 240  # characters of the line that says in a module what an item is for
_FENCE = re.compile(r"^[ ]{0,3}(`{3,}|~{3,})[ \t]*+([^`\n]*)$")
_HIDDEN = re.compile(r"^\s*#(?:\s|$)")
# fmt: off
_RUST = frozenset((
    "rust", "should_panic", "no_run", "ignore", "compile_fail", "edition2015", "edition2018", "edition2021",
    "edition2024", "standalone_crate",
))
# fmt: on
_UNRESOLVED = re.compile(r"\[(`[^`\[\]\n]{1,200}`)\](?:\[[^\[\]\n]{0,200}\])?")


class RustdocJsonFormat:
    """A crate's JSON from rustdoc."""

    name = "rustdoc_json"
    version = 1
    suffixes = frozenset((".json",))
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Whether beginning and end hold the keys of a crate; also true for one that was cut off."""
        head, tail = file.data[:_HEAD], file.data[-_HEAD:]
        if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return False
        version = b'"format_version"' in head or b'"format_version"' in tail
        known = sum(
            key in head for key in (b'"includes_private"', b'"external_crates"', b'"crate_version"', b'"index"')
        )
        return known >= (1 if version else 2) and (version or b'"root"' in head)

    def parse(self, file: RawFile) -> list[Document]:
        """One document per module, then one for each type and trait in it.

        Raises:
            DocumentRejected: Not JSON, not a crate, or of a version that is not understood.
        """
        text = decode(file.data)
        try:
            crate = read_crate(text)
            return [document for module in crate.modules for document in _documents(crate, module)]
        except (LookupError, TypeError, AttributeError, ValueError, StopIteration, RecursionError) as error:
            raise DocumentRejected(
                f"rustdoc JSON that is not built as formats {OLDEST_VERSION} to 57 are:"
                f" {type(error).__name__}: {str(error)[:200]}"
            ) from error


def _documents(crate: Crate, module: Module) -> Iterator[Document]:
    kind = "crate" if module.path == crate.name else "mod"
    title = f"{'Crate' if kind == 'crate' else 'Module'} {module.path}"
    yield _document(crate, title, kind, module.path, _module_parts(crate, module))
    for name, item in module.types:
        place = f"{module.path}::{name}"
        parts = _type_parts(crate, name, item)
        yield _document(crate, f"{_LABELS[kind_of(item)]} {place}", kind_of(item), place, parts)


def _document(crate: Crate, title: str, kind: str, place: str, parts: list[Part]) -> Document:
    facts: dict[str, JsonValue] = {
        "crate": crate.name,
        "crate_version": crate.version,
        "item_kind": kind,
        "path": place,
        "format_version": crate.format_version,
    }
    shown, sections = outline(parts, title=title, fallback=title)
    return Document(shown, RustdocJsonFormat.name, sections, facts)


# Modules


def _module_parts(crate: Crate, module: Module) -> list[Part]:
    """A module's documentation, its functions, macros and constants, and a table of what is in it."""
    parts = _documentation(module.item)
    short = module.path.rpartition("::")[2]
    undocumented: list[str] = []
    for name, item in module.others:
        shown = declaration({**item, "name": name}, crate.index)
        documentation = _documentation(item, fold=True)
        if documentation:
            heading = Heading(1, f"{short}::{name}", _section_of(item))
            parts += [heading, Block(shown, "signature"), *_remarks(item), *documentation]
        else:
            undocumented.append(shown)
    if undocumented:
        parts += [Heading(1, f"{short}: items without documentation"), *in_pieces(undocumented, "signature")]
    table = list(_table(module))
    return [*parts, Heading(1, "Items"), *table] if table else parts


def _table(module: Module) -> Iterator[Block]:
    """What a module holds by kind: a line for each item, its name and what it is for."""
    if module.reexports:
        yield from in_pieces(["Re-exports:", *module.reexports], "list")
    groups: dict[str, list[tuple[str, Item]]] = {}
    for name, item in (*module.modules, *module.types, *module.others):
        groups.setdefault(kind_of(item), []).append((name, item))
    for kind, members in groups.items():
        label = _PLURALS.get(kind) or _LABELS.get(kind, kind.capitalize()) + "s"
        described: list[str] = []
        bare: list[str] = []
        for name, item in members:
            words = _first_sentence(item)
            if words:
                described.append(f"- {name}: {words}")
            else:
                bare.append(name)
        yield from in_pieces([f"{label}:", *([", ".join(bare)] if bare else []), *described], "list")


def _section_of(item: Item) -> str:
    """The fragment of the kind's table on the module's page in HTML."""
    return (_PLURALS.get(kind_of(item)) or _LABELS.get(kind_of(item), "item") + "s").lower().replace(" ", "-")


# Types and traits


def _type_parts(crate: Crate, name: str, item: Item) -> list[Part]:
    """Declaration, documentation, and a section for each documented member."""
    content = content_of(item)
    traits, trait_parts = _traits(crate, name, content)
    parts: list[Part] = [Block(declaration({**item, "name": name}, crate.index), "signature"), *_remarks(item)]
    if traits and sum(map(len, traits)) < SHORT_SUMMARY:
        parts.append(Block("Implements " + ", ".join(traits)))
    elif traits:
        trait_parts += [Heading(1, "Trait implementations", "trait-implementations"), *in_pieces(traits, "list")]
    parts += _documentation(item)
    undocumented: list[str] = []
    for owner, anchor, member in _members(crate, name, content):
        documentation = _documentation(member, fold=True)
        shown = declaration(member, crate.index)
        if documentation:
            heading = Heading(1, f"{owner}::{member.get('name') or '_'}", f"{anchor}.{member.get('name')}")
            parts += [heading, Block(shown, "signature"), *_remarks(member), *documentation]
        elif anchor == "method" and kind_of(item) != "trait":
            undocumented.append(shown)
    if undocumented:
        parts.append(Heading(1, f"{name}: items without documentation", "implementations"))
        parts += in_pieces(undocumented, "signature")
    return parts + trait_parts


def _members(crate: Crate, name: str, content: Mapping) -> Iterator[tuple[str, str, Item]]:
    """Each member with the path before its name, and the kind that its anchor starts with."""
    form = content.get("kind")
    fields = content.get("fields")
    if isinstance(form, Mapping):
        fields = form.get("tuple") or (form.get("plain") or {}).get("fields")
    for member in crate.members(fields):
        yield name, "structfield", member
    for variant in crate.members(content.get("variants")):
        yield name, "variant", variant
        held = (content_of(variant) or {}).get("kind")
        if isinstance(held, Mapping):
            inside = held.get("tuple") or (held.get("struct") or {}).get("fields")
            for member in crate.members(inside):
                yield f"{name}::{variant.get('name')}", f"variant.{variant.get('name')}.field", member
    for member in crate.members(content.get("items")):
        yield name, _trait_anchor(member), member
    for implementation in crate.members(content.get("impls")):
        if not content_of(implementation).get("trait"):
            for member in crate.members(content_of(implementation).get("items")):
                yield name, "method" if kind_of(member) == "function" else _trait_anchor(member), member


def _trait_anchor(member: Item) -> str:
    kind = kind_of(member)
    if kind == "function":
        return "method" if content_of(member).get("has_body") else "tymethod"
    return {"assoc_type": "associatedtype", "assoc_const": "associatedconstant"}.get(kind, kind)


def _traits(crate: Crate, name: str, content: Mapping) -> tuple[list[str], list[Part]]:
    """Names of the traits a type implements itself, and those methods of them that say something of their own."""
    names: list[str] = []
    parts: list[Part] = []
    for implementation in crate.members(content.get("impls")):
        inner = content_of(implementation)
        if not inner.get("trait") or inner.get("is_synthetic") or inner.get("synthetic") or inner.get("blanket_impl"):
            continue
        trait = path(inner["trait"])
        names.append(f"!{trait}" if inner.get("is_negative") or inner.get("negative") else trait)
        header = f"impl {trait} for {type_name(inner.get('for'))}"
        documentation = _documentation(implementation, fold=True)
        if is_substantial(documentation):
            parts += [Heading(1, header, "trait-implementations"), *documentation]
        for member in crate.members(inner.get("items")):
            own = _documentation(member, fold=True)
            if is_substantial(own):
                shown = Block(f"{header}\n{declaration(member, crate.index)}", "signature")
                anchor = f"{_trait_anchor(member)}.{member.get('name')}"
                parts += [Heading(1, f"{name}::{member.get('name')}", anchor), shown, *own]
    return list(dict.fromkeys(names)), parts


# Documentation


def _documentation(item: Item, *, fold: bool = False) -> list[Part]:
    """An item's documentation as parts; with ``fold``, headings become paragraphs, so that it stays one section."""
    docs = item.get("docs")
    if not isinstance(docs, str) or not docs.strip():
        return []
    # Links between items are resolved by rustdoc, not written out: without definitions their brackets would stay.
    links = item.get("links")
    targets = [key for key in links if not set("[]\n") & set(key)] if isinstance(links, Mapping) else []
    definitions = "".join(f"\n[{key}]: #" for key in targets)
    parts: list[Part] = []
    for part in markdown_parts(f"{_without_hidden_lines(docs)}\n{definitions}\n"):
        if isinstance(part, Block) and part.kind != "code":
            parts.append(Block(_UNRESOLVED.sub(r"\1", part.text), part.kind))
        elif isinstance(part, Heading) and fold:
            parts.append(Block(part.text))
        elif isinstance(part, Block | Heading):
            parts.append(part)
    return parts


def _without_hidden_lines(docs: str) -> str:
    """Markdown without the lines of Rust examples that rustdoc compiles and does not show (``# use …;``)."""
    lines: list[str] = []
    fence = ""
    is_rust = False
    for line in docs.split("\n"):
        match = _FENCE.match(line)
        if fence:
            if match and match[1].startswith(fence) and not match[2].strip():
                fence = ""
            elif is_rust and _HIDDEN.match(line):
                continue
            elif is_rust and line.lstrip().startswith("##"):
                line = line.replace("##", "#", 1)
        elif match:
            fence = match[1]
            words = re.split(r"[,\s]+", match[2].strip())
            is_rust = all(word in _RUST or word.startswith("E0") for word in words if word)
        lines.append(line)
    return "\n".join(lines)


def _remarks(item: Item) -> list[Block]:
    """Deprecation, which JSON keeps apart from the documentation."""
    deprecation = item.get("deprecation")
    if not isinstance(deprecation, Mapping):
        return []
    since = f" since {deprecation['since']}" if deprecation.get("since") else ""
    note = f": {deprecation['note']}" if deprecation.get("note") else ""
    return [Block(f"Deprecated{since}{note}")]


def _first_sentence(item: Item) -> str:
    """What a module's table says of an item: the first paragraph, cut where it gets long."""
    docs = item.get("docs")
    if not isinstance(docs, str):
        return ""
    paragraph = docs.strip().split("\n\n", 1)[0]
    shortened = {"docs": paragraph, "links": item.get("links")}
    first = next((part.text for part in _documentation(shortened) if isinstance(part, Block | Heading)), "")
    words = " ".join(first.split())
    return words if len(words) <= _LONGEST_SUMMARY else words[:_LONGEST_SUMMARY].rpartition(" ")[0] + " …"
