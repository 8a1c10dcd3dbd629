"""Members on pages of rustdoc: each note once, with its member, in every version."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.document import Block, Document
from doc_assets.formats.base import RawFile
from doc_assets.formats.rustdoc.html_format import RustdocHtmlFormat

CRATE = Path(__file__).parents[2] / "support" / "rustdoc_crate"


def read(name: str) -> Document:
    (document,) = RustdocHtmlFormat().parse(RawFile(name, (CRATE / name).read_bytes()))
    return document


def member(document: Document, path: str) -> list[str]:
    (found,) = (s for s in document.sections if s.heading_path == (path,))
    return [block.text for block in found.blocks]


def everything(document: Document) -> list[str]:
    return [block.text for s in document.sections for block in s.blocks]


def test_a_member_without_words_keeps_its_note() -> None:
    old = read("1.95/struct.Old.html")
    assert member(old, "yard::Old::c") == ["c: u8", "Deprecated since 1.5.0: never used"]
    assert member(old, "yard::Old::ONE") == ["pub const ONE: u8 = 1", "Deprecated since 1.0.0: use b"]
    assert member(old, "yard::Old::plain") == ["pub fn plain(&self)", "Deprecated"]
    assert member(old, "yard::Old::noted") == ["pub fn noted(&self)", "Deprecated: only a note"]
    trait = read("1.95/trait.Tr.html")
    assert member(trait, "yard::Tr::M") == ["const M: u8", "Deprecated since 2.0.0: use N"]


def test_the_note_of_an_item_is_not_repeated_on_its_fields() -> None:
    """Rustdoc writes "use Door" above the struct and "use [Door]" on each field: there it resolves no link."""
    old = read("1.95/struct.Old.html")
    assert member(old, "yard::Old::b") == ["b: u8", "Field b."]
    assert sum("use Door" in text or "use [Door]" in text for text in everything(old)) == 1


@pytest.mark.parametrize("version", ["1.63", "1.95"])
def test_variants_with_fields_stand_once_with_each_note(version: str) -> None:
    kind = read(f"{version}/enum.Kind.html")
    paths = [s.heading_path[0] for s in kind.sections if s.heading_path]
    names = ["A", "C", "C::x", "C::y", "D"]
    assert paths == [f"yard::Kind::{name}" for name in names]
    assert member(kind, "yard::Kind::A") == ["A", "Deprecated since 2.0.0: use B"]
    assert member(kind, "yard::Kind::C") == ["C", "A struct-like one."]
    assert member(kind, "yard::Kind::C::y") == ["y: u8", "Deprecated since 2.0.0: use x"]
    assert everything(kind).count("Deprecated since 2.0.0: use C") == 1


def test_a_field_called_fields_is_a_field() -> None:
    page = (CRATE / "1.63" / "enum.Kind.html").read_text().replace("variant.C.field.x", "variant.C.field.fields")
    (document,) = RustdocHtmlFormat().parse(RawFile("enum.Kind.html", page.encode()))
    assert member(document, "yard::Kind::C::fields")[1] == "Inner x."


def test_what_the_declaration_of_a_trait_holds_is_not_listed_again() -> None:
    trait = read("1.95/trait.Tr.html")
    assert not any("items without documentation" in " ".join(s.heading_path) for s in trait.sections)
    assert "const N: u8 = 1;" in trait.sections[0].blocks[0].text


def test_a_method_of_a_trait_object_is_not_in_the_declaration_and_is_listed() -> None:
    added = """<h2 id="implementations">Implementations</h2><div id="implementations-list"><section class="impl"
    id="impl-dyn"><h3 class="code-header">impl dyn Tr</h3></section><section id="method.is" class="method"><h4
    class="code-header">pub fn is(&amp;self)</h4></section></div></section></main>"""
    page = (CRATE / "1.95" / "trait.Tr.html").read_text().replace("</section></main>", added)
    (document,) = RustdocHtmlFormat().parse(RawFile("trait.Tr.html", page.encode()))
    (found,) = (s for s in document.sections if s.heading_path == ("Tr: items without documentation",))
    assert found.blocks == (Block("pub fn is(&self)", "signature"),)
