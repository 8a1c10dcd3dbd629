"""The format ``idl``: the interface of a Solana program (Anchor, Shank, Codama, Kinobi).

A small program is one document; of a large one, instructions, accounts, types and events are documents of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from doc_assets.document import Block, Document, JsonValue
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.idl.anchor import read_anchor
from doc_assets.formats.idl.codama import read_codama
from doc_assets.formats.idl.program import Field, Instruction, Program, TypeDefinition, line
from doc_assets.formats.markdown.descriptions import description_parts
from doc_assets.formats.outline import outline
from doc_assets.formats.parts import Heading, Part
from doc_assets.formats.table_grid import row_text
from doc_assets.formats.table_pieces import table_blocks

_HEAD = 65_536  # bytes: the first instruction can follow many accounts
_END = 1_024
_MOST_SECTIONS = 40  # of a program in one document
_LONGEST_ARGUMENT = 600  # characters of a type that is shown with the instruction that takes it
_LONGEST_SUMMARY = 200


class IdlFormat:
    """Reads interfaces of Solana programs."""

    name = "idl"
    version = 1
    suffixes = frozenset((".json",))
    priority = 0

    def accepts(self, file: RawFile) -> bool:
        """Return whether beginning and end hold what only an interface does; other JSON is left unread."""
        head, tail = file.data[:_HEAD], file.data[-_END:]
        if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return False
        if b'"rootNode"' in head[:_END] or b'"rootNode"' in tail:
            return b'"programNode"' in head
        if all(key in head for key in (b'"instructions"', b'"metadata"', b'"spec"', b'"address"')):
            return True
        marks = (b'"isMut"', b'"discriminator"', b'"writable"', b'"signer"', b'"isSigner"')
        keys = (b'"instructions"', b'"accounts"', b'"args"')
        return all(key in head for key in keys) and any(mark in head for mark in marks)

    def parse(self, file: RawFile) -> list[Document]:
        """Return the program's documents.

        Raises:
            DocumentRejected: Not JSON, or nested too deep.
            DocumentSkipped: JSON that is no interface.
        """
        try:
            root = json.loads(decode(file.data))
        except (ValueError, RecursionError) as error:
            raise DocumentRejected(
                f"not valid JSON: {str(error)[:200]}; fetch it again, or exclude it in the catalogue"
            ) from error
        if isinstance(root, Mapping) and root.get("kind") == "rootNode":
            programs = read_codama(root)
        elif isinstance(root, Mapping) and isinstance(root.get("instructions"), list):
            programs = [read_anchor(root)]
        else:
            raise DocumentSkipped("not the interface of a Solana program: it has no instructions")
        return [document for program in programs for document in _documents(program)]


def _documents(program: Program) -> Iterator[Document]:
    types = {one.name: one.declaration for one in (*program.types, *program.accounts)}
    level = 1 if _is_large(program) else 2
    groups = {
        "instructions": [p for one in program.instructions for p in _instruction_parts(one, types, level)],
        "accounts": [p for one in program.accounts for p in _type_parts(one, level)],
        "types": [p for one in program.types for p in _type_parts(one, level)],
        "events": [p for one in program.events for p in _type_parts(one, level)],
    }
    overview = list(_overview(program, listed=_is_large(program)))
    facts = _facts(program)
    if not _is_large(program):
        for name, parts in groups.items():
            overview += [Heading(1, name.capitalize()), *parts] if parts else []
        yield _document(program.name, overview, facts, ())
        return
    yield _document(program.name, overview, facts, ())
    for name, parts in groups.items():
        if parts:
            yield _document(f"{program.name}: {name}", parts, facts, (program.name,))


def _is_large(program: Program) -> bool:
    return len(program.instructions) + len(program.types) + len(program.accounts) + len(program.events) > _MOST_SECTIONS


def _document(title: str, parts: list[Part], facts: Mapping[str, JsonValue], parents: tuple[str, ...]) -> Document:
    chosen, sections = outline(parts, title=title[:_LONGEST_SUMMARY], fallback="program")
    return Document(chosen, "idl", sections, dict(facts), tuple(parent[:_LONGEST_SUMMARY] for parent in parents))


def _facts(program: Program) -> dict[str, JsonValue]:
    facts: dict[str, JsonValue] = {
        "program": program.name[:_LONGEST_SUMMARY],
        "program_address": program.address[:_LONGEST_SUMMARY],
        "program_version": program.version[:_LONGEST_SUMMARY],
        "spec": program.spec[:_LONGEST_SUMMARY],
    }
    return {key: value for key, value in facts.items() if value}


def _overview(program: Program, *, listed: bool) -> Iterator[Part]:
    yield from _prose(program.docs)
    facts = [f"Solana program {program.name}"]
    facts += [f"version {program.version}"] if program.version else []
    facts += [f"address {program.address}"] if program.address else []
    counted = (("instructions", program.instructions), ("accounts", program.accounts), ("events", program.events))
    held = [f"{len(some)} {name if len(some) > 1 else name[:-1]}" for name, some in counted if some]
    yield Block(f"{', '.join(facts)}" + (f": {', '.join(held)}." if held else "."))
    if listed:
        yield Heading(1, "Instructions")
        rows = [row_text([one.name, _summary(one.docs)]) for one in program.instructions]
        yield from table_blocks(["Instruction | Description", *rows])
    if program.errors:
        yield Heading(1, "Errors")
        rows = [row_text([_code(code), name, message]) for code, name, message in program.errors]
        yield from table_blocks(["Code | Name | Message", *rows])
    if program.constants:
        yield Heading(1, "Constants")
        rows = [row_text([f"{one.name}: {one.type}", line(one.docs)]) for one in program.constants]
        yield from table_blocks(["Constant | Description", *rows])
    if program.addresses:
        yield Heading(1, "Derived addresses")
        rows = [row_text([one.name, one.type, line(one.docs)]) for one in program.addresses]
        yield from table_blocks(["PDA | Seeds | Description", *rows])


def _code(code: str) -> str:
    """Return an error's code also as validators print it: ``6000 (0x1770)``."""
    return f"{code} ({int(code):#x})" if code.isdecimal() and code.isascii() and len(code) < 12 else code


def _instruction_parts(one: Instruction, types: Mapping[str, str], level: int) -> Iterator[Part]:
    yield Heading(level, one.name, one.name)
    arguments = ", ".join(f"{argument.name}: {argument.type}" for argument in one.arguments)
    yield Block(f"fn {one.name}({arguments}){f' -> {one.returns}' if one.returns else ''}", "signature")
    yield from _prose(one.docs)
    rows = [
        row_text(
            [
                account.name,
                "yes" if account.writable else "",
                account.signer,
                "yes" if account.optional else "",
                account.address,
                account.docs,
            ]
        )
        for account in one.accounts
    ]
    if rows:
        yield from table_blocks(["Account | Writable | Signer | Optional | Address | Description", *rows])
    yield from (Block(note) for note in one.notes)
    if any(argument.docs for argument in one.arguments):
        yield from table_blocks(["Argument | Type | Description", *map(_argument_row, one.arguments)])
    for argument in one.arguments:
        shown = types.get(argument.type, "")
        if shown and len(shown) <= _LONGEST_ARGUMENT:
            yield Block(shown, "signature")
    if one.discriminator:
        yield Block(f"Discriminator: {one.discriminator}")


def _argument_row(argument: Field) -> str:
    return row_text([argument.name, argument.type, line(argument.docs)])


def _type_parts(one: TypeDefinition, level: int) -> Iterator[Part]:
    yield Heading(level, one.name, one.name)
    yield from _prose(one.docs)
    yield Block(one.declaration, "signature")
    if one.discriminator:
        yield Block(f"Discriminator: {one.discriminator}")


def _prose(docs: str) -> Iterator[Block]:
    """Yield documentation as blocks; headings in it become paragraphs."""
    for part in description_parts(docs) if docs else ():
        if isinstance(part, Block):
            yield part
        elif isinstance(part, Heading):
            yield Block(part.text)


def _summary(docs: str) -> str:
    text = line(docs.split("\n\n", 1)[0])
    return text if len(text) <= _LONGEST_SUMMARY else text[:_LONGEST_SUMMARY].rpartition(" ")[0] + " …"
