"""Crates in rustdoc JSON, made item by item, and what the tests read from their documents."""

from __future__ import annotations

import json
from typing import Any

from doc_assets.document import Document, Section
from doc_assets.formats.base import RawFile
from doc_assets.formats.rustdoc.json_format import RustdocJsonFormat

U8 = {"primitive": "u8"}


SELF = {"generic": "Self"}


NO_GENERICS = {"params": [], "where_predicates": []}


HEADER = {"is_const": False, "is_unsafe": False, "is_async": False, "abi": "Rust"}


def named(name: str, args: object = None) -> dict[str, Any]:
    return {"resolved_path": {"path": name, "id": 9_000, "args": args}}


def reference(node: object, *, mutable: bool = False, lifetime: str | None = None) -> dict[str, Any]:
    return {"borrowed_ref": {"lifetime": lifetime, "is_mutable": mutable, "type": node}}


def fn(inputs: list, output: object = None, *, generics: object = None, **header: object) -> dict[str, Any]:
    return {
        "function": {
            "sig": {"inputs": inputs, "output": output, "is_c_variadic": False},
            "generics": generics or NO_GENERICS,
            "header": {**HEADER, **header},
            "has_body": True,
        }
    }


def implementation(items: list[int], *, trait: str | None = None, **more: object) -> dict[str, Any]:
    head = {"path": trait, "id": 9_001, "args": None} if trait else None
    return {"impl": {"trait": head, "for": named("Pool"), "items": items, "blanket_impl": None, **more}}


class CrateJson:
    """Items by number; the module of the root is 0."""

    def __init__(self) -> None:
        self.index: dict[str, Any] = {}
        self.add(0, "tank", {"module": {"is_crate": True, "items": [], "is_stripped": False}}, docs="Keeps water.")

    def add(self, number: int, name: str | None, inner: Any, docs: str | None = None, **more: Any) -> int:
        self.index[str(number)] = {
            "id": number,
            "crate_id": 0,
            "name": name,
            "visibility": "public",
            "docs": docs,
            "links": {},
            "deprecation": None,
            "inner": inner,
            **more,
        }
        return number

    def hold(self, *numbers: int, module: int = 0) -> None:
        self.index[str(module)]["inner"]["module"]["items"].extend(numbers)

    def data(self, **top: object) -> bytes:
        crate = {"root": 0, "crate_version": "1.2.3", "includes_private": False, "index": self.index, "paths": {}}
        return json.dumps({**crate, "external_crates": {}, "format_version": 57, **top}).encode()


def crate_with_a_pool() -> CrateJson:
    made = CrateJson()
    fields = {"plain": {"fields": [2], "has_stripped_fields": True}}
    made.add(
        1,
        "Pool",
        {"struct": {"kind": fields, "generics": NO_GENERICS, "impls": [4, 5, 6, 7]}},
        docs="A pool.\n\n# Use\n\nSwim.",
    )
    made.add(2, "depth", {"struct_field": U8}, docs="In metres.")
    takes_self = [["self", reference(SELF, mutable=True)], ["by", U8]]
    docs = (
        "Fills it, see [`Pool`] and [the pump][crate::Pump].\n\n# Panics\n\nWhen full.\n\n"
        "```\n# use tank::Pool;\nlet p = Pool;\n## x\n```\n"
    )
    made.add(
        3,
        "fill",
        fn(takes_self, named("Result", {"angle_bracketed": {"args": [{"type": {"tuple": []}}], "constraints": []}})),
        docs,
        links={"`Pool`": 1, "crate::Pump": 20},
    )
    made.add(4, None, implementation([3, 8]))
    made.add(5, None, implementation([9], trait="Clone"))
    made.add(6, None, implementation([], trait="Send", is_synthetic=True))
    made.add(7, None, implementation([], trait="Any", blanket_impl={"generic": "T"}))
    made.add(20, "Pump", {"struct": {"kind": "unit", "generics": NO_GENERICS, "impls": []}})
    made.add(8, "drain", fn([["self", SELF]]))
    made.add(9, "clone", fn([["self", reference(SELF)]], SELF))
    made.hold(1, 20)
    return made


def read(crate: CrateJson, **top: object) -> list[Document]:
    return RustdocJsonFormat().parse(RawFile("tank.json", crate.data(**top)))


def titled(documents: list[Document], title: str) -> Document:
    (found,) = (d for d in documents if d.title == title)
    return found


def section(document: Document, *path: str) -> Section:
    (found,) = (s for s in document.sections if s.heading_path == path)
    return found


OTHERS = {
    "20": {"name": "tank_parts", "html_root_url": "https://docs.rs/tank-parts/4.5.1/x86_64-unknown-linux-gnu/"},
    "21": {"name": "tank_derive", "html_root_url": None},
    "1": {"name": "core", "html_root_url": "https://doc.rust-lang.org/nightly/"},
}


SUMMARIES = {
    "100": {"crate_id": 20, "path": ["tank_parts"], "kind": "module"},
    "101": {"crate_id": 20, "path": ["tank_parts", "inner", "Hose"], "kind": "struct"},
    "102": {"crate_id": 21, "path": ["tank_derive", "Flow"], "kind": "proc_derive"},
    "103": {"crate_id": 1, "path": ["core", "time", "Duration"], "kind": "struct"},
}


def use(crate: CrateJson, number: int, source: str, target: int, *, name: str = "", is_glob: bool = False) -> int:
    held = {"source": source, "name": name or source.rpartition("::")[2], "id": target, "is_glob": is_glob}
    return crate.add(number, None, {"use": held})


def bracketed(*args: object, **constraints: object) -> dict[str, Any]:
    held = [{"name": name, "binding": {"equality": {"type": node}}} for name, node in constraints.items()]
    return {"angle_bracketed": {"args": list(args), "constraints": held}}


def bound(name: str, args: object = None) -> dict[str, Any]:
    return {"trait_bound": {"trait": {"path": name, "args": args}, "generic_params": [], "modifier": "none"}}
