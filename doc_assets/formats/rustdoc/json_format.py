"""The format ``rustdoc_json``: a crate as ``rustdoc --output-format json`` describes it, formats 37 to 61.

One document per module, and one per struct, enum, union and trait. ``crate`` finds the items, ``declarations`` writes
them, ``item_docs`` reads their documentation, ``implementations`` their traits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from doc_assets.document import Block, Document, clean_text
from doc_assets.errors import DocumentRejected
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.html.blocks import in_pieces
from doc_assets.formats.outline import outline
from doc_assets.formats.parts import Heading, Part
from doc_assets.formats.rustdoc.crate import NEWEST_VERSION, OLDEST_VERSION, Crate, read_crate
from doc_assets.formats.rustdoc.declarations import declaration
from doc_assets.formats.rustdoc.implementations import LENT, member_anchor, trait_implementations, trait_implementors
from doc_assets.formats.rustdoc.item_docs import documentation, documented, first_sentence
from doc_assets.formats.rustdoc.item_notes import marks, notes, stable_since
from doc_assets.formats.rustdoc.items import Item, content_of, is_type, kind_of
from doc_assets.formats.rustdoc.kinds import ANCHORS, LABELS, ORDER, PLURALS, item_facts, json_kind
from doc_assets.formats.rustdoc.members import SHORT_SUMMARY
from doc_assets.formats.rustdoc.public_names import Entry, Module
from doc_assets.formats.rustdoc.reexports import documented_in

_HEAD = 8_192  # bytes at either end that identify a crate: its version comes last
_MOST_ALIASES = 4  # other names of a type that stand with each of its members
_BLANK_START = re.compile(r"\A(?:[ \t]*\n)+")


class RustdocJsonFormat:
    """Reads a crate's JSON from rustdoc."""

    name = "rustdoc_json"
    version = 4
    suffixes = frozenset((".json",))
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Return whether beginning and end hold the keys of a crate; also True for a truncated one."""
        head, tail = file.data[:_HEAD], file.data[-_HEAD:]
        if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return False
        version = b'"format_version"' in head or b'"format_version"' in tail
        known = sum(
            key in head for key in (b'"includes_private"', b'"external_crates"', b'"crate_version"', b'"index"')
        )
        return known >= (1 if version else 2) and (version or b'"root"' in head)

    def parse(self, file: RawFile) -> list[Document]:
        """Return one document per module, each followed by one for each type and trait in it.

        Raises:
            DocumentRejected: Not JSON, not the structure of a crate, or an unknown format version.
            DocumentSkipped: JSON that is not a crate.
        """
        text = decode(file.data)
        try:
            crate = read_crate(text)
            return [document for module in crate.modules for document in _documents(crate, module)]
        except (LookupError, TypeError, AttributeError, ValueError, StopIteration, RecursionError) as error:
            raise DocumentRejected(
                f"rustdoc JSON that is not built as formats {OLDEST_VERSION} to {NEWEST_VERSION} are:"
                f" {type(error).__name__}: {str(error)[:200]}; document the crate again, or load the HTML of rustdoc"
            ) from error


def _documents(crate: Crate, module: Module) -> Iterator[Document]:
    kind = "crate" if module.path == crate.name else "module"
    item = documented(module.item, module.uses)
    yield _document(crate, kind, module.path, item, _module_parts(crate, module, item), 0)
    for entry in module.entries:
        if is_type(entry.item) and crate.stands_at(module, entry):
            place = f"{module.path}::{entry.name}"
            item = documented(entry.item, entry.uses)
            parts, dropped = _type_parts(crate, place, item)
            yield _document(crate, kind_of(item), place, item, parts, dropped)


def _document(crate: Crate, kind: str, place: str, item: Item, parts: list[Part], dropped: int) -> Document:
    others = [clean_text(other.path) for other in crate.other_names(item)]
    facts = item_facts(
        crate=clean_text(crate.name),
        version=clean_text(crate.version),
        kind=kind,
        path=clean_text(place),
        item_paths=[clean_text(place), *others] if others else [],
        stable_since=stable_since(item),
        format_version=crate.format_version,
        dropped_implementations=dropped,
        front_of=[clean_text(name) for name in crate.front_of] if kind == "crate" else [],
    )
    title = f"{LABELS[kind]} {place}"
    cleaned = [part for part in map(_clean, parts) if not isinstance(part, Block) or part.text]
    shown, sections = outline(cleaned, title=clean_text(title), fallback=title)
    return Document(shown, RustdocJsonFormat.name, sections, facts)


def _clean(part: Part) -> Part:
    """Return the part without control characters and lone surrogates, which JSON can escape."""
    if isinstance(part, Block):
        return Block(_BLANK_START.sub("", clean_text(part.text)).rstrip(), part.kind)
    if isinstance(part, Heading):
        return Heading(part.level, " ".join(clean_text(part.text).split()), part.anchor and clean_text(part.anchor))
    return part


# Modules


def _module_parts(crate: Crate, module: Module, documented_item: Item) -> list[Part]:
    """Return a module's documentation, its functions, macros and constants, and a table of its items."""
    parts: list[Part] = [
        *notes(module.item),
        *_also_public(crate, module.item),
        *documentation(documented_item, crate.resolve),
    ]
    undocumented: list[str] = []
    for entry in module.entries:
        if entry.is_module or is_type(entry.item) or not crate.stands_at(module, entry):
            continue
        item = documented({**entry.item, "name": entry.name}, entry.uses)
        shown = declaration(item, crate.index)
        remarks = [*notes(item, module.item), *_also_public(crate, item)]
        said = documentation(item, crate.resolve, fold=True)
        if said or remarks:
            heading = Heading(1, f"{module.path}::{entry.name}", _section_of(item))
            parts += [heading, Block(shown, "signature"), *remarks, *said]
        else:
            undocumented.append(shown)
    if undocumented:
        parts += [
            Heading(1, f"{module.path.rpartition('::')[2]}: items without documentation"),
            *in_pieces(undocumented, "signature"),
        ]
    table = list(_table(crate, module))
    return [*parts, Heading(1, "Items"), *table] if table else parts


def _also_public(crate: Crate, item: Item) -> list[Part]:
    """Return an item's other public paths, and what is written on the re-exports that make them."""
    parts: list[Part] = []
    bare: list[str] = []
    for other in crate.other_names(item):
        said = documentation(other.use, crate.resolve, fold=True) if other.use is not None else []
        if said and isinstance(said[0], Block) and said[0].kind == "prose":
            parts += [Block(f"Also public as `{other.path}`: {said[0].text}"), *said[1:]]
        else:
            bare.append(f"`{other.path}`")
    return [*([Block(f"Also public as {', '.join(bare)}")] if bare else []), *parts]


def _table(crate: Crate, module: Module) -> Iterator[Block]:
    """Yield a module's items by kind: a line with name and summary for each."""
    if module.reexports:
        lines = [" ".join(filter(None, (str(one), first_sentence(one.use, crate.resolve)))) for one in module.reexports]
        places = [f"Documented in {crate}" for crate in documented_in(module.reexports)]
        yield from in_pieces(["Re-exports:", *dict.fromkeys(lines), *places], "list")
    groups: dict[str, list[Entry]] = {}
    for entry in module.entries:
        groups.setdefault(json_kind(kind_of(entry.item), content_of(entry.item)), []).append(entry)
    for kind in sorted(groups, key=lambda kind: ORDER.get(kind, len(ORDER))):
        described: list[str] = []
        bare: list[str] = []
        for entry in sorted(groups[kind], key=lambda entry: entry.name):
            item = documented(entry.item, entry.uses)
            # Under another name than its own, the place of its documentation is stated.
            place = "" if crate.stands_at(module, entry) else f" ({crate.resolve(item['id'])[0]})"
            name, words = f"{entry.name}{place}{marks(item)}", first_sentence(item, crate.resolve)
            if words:
                described.append(f"- {name}: {words}")
            else:
                bare.append(name)
        label = _plural(groups[kind][0].item)
        yield from in_pieces([f"{label}:", *([", ".join(bare)] if bare else []), *described], "list")


def _plural(item: Item) -> str:
    kind = json_kind(kind_of(item), content_of(item))
    return PLURALS.get(kind) or LABELS.get(kind, kind.capitalize()) + "s"


def _section_of(item: Item) -> str:
    """Return the fragment of the kind's table on the module's HTML page."""
    return ANCHORS.get(kind := json_kind(kind_of(item), content_of(item))) or f"{kind.replace('_', '-')}s"


# Types and traits


def _type_parts(crate: Crate, place: str, item: Item) -> tuple[list[Part], int]:
    """Return declaration, documentation and a section per documented member; the number of implementations left out."""
    content, name = content_of(item), place.rpartition("::")[2]
    traits, trait_parts, dropped = trait_implementations(crate, place, item)
    parts: list[Part] = [Block(declaration({**item, "name": name}, crate.index), "signature")]
    lent = [trait for trait in traits if trait.startswith(LENT)]
    own = [trait for trait in traits if not trait.startswith(LENT)]
    if own and sum(map(len, own)) < SHORT_SUMMARY and not any(" for " in trait for trait in own):
        parts.append(Block("Implements " + ", ".join(own)))
        traits = lent
    if traits:
        trait_parts += [Heading(1, "Trait implementations", "trait-implementations"), *in_pieces(traits, "list")]
    parts += [*notes(item), *_also_public(crate, item), *documentation(item, crate.resolve)]
    aliases = _aliases(crate, item, name)
    undocumented: list[str] = []
    for member in _members(crate, place, content):
        shown = _member_declaration(member.item, crate)
        said = documentation(member.item, crate.resolve, fold=True)
        remarks = [*notes(member.item, *member.around, item), *_also_public(crate, member.item)]
        if said or remarks:
            full = f"{member.owner}::{member.item.get('name') or '_'}"
            heading = Heading(1, full, f"{member.anchor}.{member.item.get('name')}")
            also = [Block(f"Also {', '.join(f'`{one}{full[len(place) :]}`' for one in aliases)}")] if aliases else []
            parts += [heading, Block(shown, "signature"), *remarks, *also, *said]
        elif not member.declared:
            undocumented.append(shown)
    if undocumented:
        parts.append(Heading(1, f"{name}: items without documentation", "implementations"))
        parts += in_pieces(undocumented, "signature")
    return [*parts, *trait_parts, *trait_implementors(crate, content)], dropped


def _aliases(crate: Crate, item: Item, name: str) -> list[str]:
    """Return the paths of a type that end in another name: who knows that one finds its members by it."""
    others = [other.path for other in crate.other_names(item)]
    return [path for path in others if path.rpartition("::")[2] != name][:_MOST_ALIASES]


def _member_declaration(member: Item, crate: Crate) -> str:
    """Return a member's declaration as rustdoc's pages show it below its heading."""
    shown = declaration(member, crate.index)
    kind = kind_of(member)
    if kind == "variant" and "{" in shown:
        return shown.partition(" {")[0]  # its fields are in the declaration of the enum
    return shown.removeprefix("pub ") if kind == "struct_field" else shown


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of a type or trait.

    Attributes:
        item: The member.
        owner: The path before its name.
        anchor: The kind that its anchor starts with.
        declared: Whether the declaration of the type contains it.
        around: The variant that it is a field of.
    """

    item: Item
    owner: str
    anchor: str
    declared: bool = True
    around: tuple[Item, ...] = ()


def _members(crate: Crate, place: str, content: Mapping) -> Iterator[_Member]:
    form = content.get("kind")
    fields = content.get("fields")
    if isinstance(form, Mapping):
        fields = form.get("tuple") or (form.get("plain") or {}).get("fields")
    for member in crate.members(fields):
        yield _Member(member, place, "structfield")
    for variant in crate.members(content.get("variants")):
        yield _Member(variant, place, "variant")
        held = (content_of(variant) or {}).get("kind")
        if isinstance(held, Mapping):
            inside = held.get("tuple") or (held.get("struct") or {}).get("fields")
            name = variant.get("name")
            for member in crate.members(inside):
                yield _Member(member, f"{place}::{name}", f"variant.{name}.field", around=(variant,))
    for member in crate.members(content.get("items")):
        yield _Member(member, place, member_anchor(member))
    for implementation in crate.members(content.get("impls")):
        if not content_of(implementation).get("trait"):
            for member in crate.members(content_of(implementation).get("items")):
                anchor = "method" if kind_of(member) == "function" else member_anchor(member)
                yield _Member(member, place, anchor, declared=False)
