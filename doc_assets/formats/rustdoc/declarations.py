"""Declarations of Rust items in Rust's syntax, laid out as on rustdoc's pages, from the trees of rustdoc JSON.

``type_names`` writes the types in them; ``json_format`` selects the items.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from doc_assets.formats.rustdoc.items import content_of, kind_of
from doc_assets.formats.rustdoc.type_names import Node, bounds, flag, generics, items_of, qualifiers, type_name

_ASSOCIATED = ("function", "assoc_type", "assoc_const")
_WIDE = 100  # characters of a value or an attribute
_WIDE_FUNCTION = 80  # characters; the parameters of a longer one take a line each, as rustdoc lays them out


def function(name: str, node: Node, visibility: object = "default") -> str:
    """Return the declaration of a function, without its body."""
    signature = node.get("sig") or node.get("decl") or {}
    inputs = [_input(one) for one in items_of(signature, "inputs")]
    if flag(signature, "c_variadic"):
        inputs.append("...")
    output = signature.get("output")
    arrow = f" -> {type_name(output)}" if output else ""
    parameters, where = generics(node.get("generics"))
    start = f"{_visibility(visibility)}{qualifiers(node.get('header'))}fn {name}{parameters}("
    inside = ", ".join(inputs)
    if len(start) + len(inside) + len(arrow) > _WIDE_FUNCTION and inputs:
        inside = "\n    " + ",\n    ".join(inputs) + ",\n"
    return f"{start}{inside}){arrow}{where}"


def _input(pair: object) -> str:
    if not isinstance(pair, list) or len(pair) != 2:
        return "_"
    name, node = pair
    shown = type_name(node)
    if name == "self" and (shown == "Self" or (shown.startswith("&") and shown.endswith("Self"))):
        return shown[: -len("Self")] + "self"
    return f"{name}: {shown}"


def declaration(item: Node, index: Mapping[str, Any]) -> str:
    """Return the declaration of an item: of types with public fields or variants, of traits with their items."""
    kind, node = kind_of(item), content_of(item)
    name = item.get("name") or "_"
    visibility = _visibility(item.get("visibility"))
    if not isinstance(node, Mapping):
        return str(node) if kind == "macro" else f"{visibility}{'type' if kind == 'extern_type' else kind} {name};"
    parameters, where = generics(node.get("generics"))
    if kind == "function":
        return function(name, node, item.get("visibility"))
    if kind in ("struct", "union", "enum", "trait"):
        if kind == "trait":
            marks = "".join(f"{mark} " for mark in ("unsafe", "auto") if flag(node, mark))
            bounded = bounds(node.get("bounds"), 0)
            head = f"{visibility}{marks}trait {name}{parameters}{f': {bounded}' if bounded else ''}"
            items = _trait_items(_members(node.get("items"), index, _ASSOCIATED), index)
            return head + (_block(where, items) if items else f"{where}\n{{ }}" if where else " { }")
        return f"{_attributes(item)}{visibility}{kind} {name}{parameters}" + _body(kind, node, index, where)
    if kind == "proc_macro":
        return _procedural_macro(name, node)
    if kind == "variant":
        return name + _variant_body(node, index)
    if kind == "struct_field":
        return f"{visibility}{name}: {type_name(node)}"
    return visibility + _value(kind, name, node, parameters, where)


def _trait_items(items: list[Node], index: Mapping[str, Any]) -> list[str]:
    """Return the lines in a trait in rustdoc's order: types, constants, required and provided methods."""
    groups: dict[str, list[str]] = {"assoc_type": [], "assoc_const": [], "Required": [], "Provided": []}
    for item in items:
        kind, content = kind_of(item), content_of(item)
        has_body = kind == "function" and isinstance(content, Mapping) and bool(content.get("has_body"))
        group = groups[kind if kind in groups else "Provided" if has_body else "Required"]
        shown = declaration(item, index)
        where = "\nwhere\n" in shown
        group.append(f"{shown}{chr(10) if where else ' '}{{ ... }}" if has_body else f"{shown.removesuffix(',')};")
    lines: list[str] = []
    for name, group in groups.items():
        if group:
            methods = f"// {name} method{'s' if len(group) > 1 else ''}"
            lines += [*([""] if lines else []), *([methods] if name in ("Required", "Provided") else []), *group]
    return lines


def _attributes(item: Node) -> str:
    """Return the attributes of a type that matter to its users; they are text before format 54 and values since."""
    lines: list[str] = []
    for attribute in items_of(item, "attrs"):
        if attribute in ("non_exhaustive", "#[non_exhaustive]"):
            lines.append("#[non_exhaustive]\n")
        elif isinstance(attribute, str) and attribute.startswith("#[repr("):
            lines.append(f"{attribute.strip()[:_WIDE]}\n")
        elif isinstance(attribute, Mapping) and isinstance(attribute.get("repr"), Mapping):
            lines.append(f"#[repr({_representation(attribute['repr'])})]\n")
    return "".join(lines)


def _representation(node: Node) -> str:
    kind = {"c": "C", "rust": ""}.get(str(node.get("kind")), str(node.get("kind")))
    shown = [kind, str(node.get("int") or "")]
    shown += [f"{name}({node[key]})" for key, name in (("align", "align"), ("packed", "packed")) if node.get(key)]
    return ", ".join(filter(None, shown))


def _value(kind: str, name: str, node: Node, parameters: str, where: str) -> str:
    """Return the declaration of a constant, static or alias, also of those inside traits."""
    if kind in ("constant", "assoc_const", "static"):
        mutable = "mut " if flag(node, "mutable") else ""
        word = "static" if kind == "static" else "const"
        return f"{word} {mutable}{name}: {type_name(node.get('type'))}{_constant(kind, node)}"
    if kind in ("type_alias", "assoc_type"):
        bounded = bounds(node.get("bounds"), 0)
        target = f" = {type_name(node['type'])}" if node.get("type") else ""
        end = ";" if kind == "type_alias" else ""
        return f"type {name}{parameters}{f': {bounded}' if bounded else ''}{target}{_ended(where, end)}"
    if kind == "trait_alias":
        return f"trait {name}{parameters} = {bounds(node.get('params'), 0)}{_ended(where, ';')}"
    return f"{kind} {name}"


def _procedural_macro(name: str, node: Node) -> str:
    form = node.get("kind")
    if form == "attr":
        return f"#[{name}]"
    if form != "derive":
        return f"{name}!() {{ /* proc-macro */ }}"
    helpers = items_of(node, "helpers")
    attributes = "".join(f"    #[{one}]\n" for one in helpers)
    return f"#[derive({name})]" + (
        f"\n{{\n    // Attributes available to this derive:\n{attributes}}}" if helpers else ""
    )


def _constant(kind: str, node: Node) -> str:
    """Return the value of a constant: as written, and as computed behind it where it is no literal."""
    constant = node.get("const")
    if not isinstance(constant, Mapping):
        value = node.get("value")
        return f" = {value}" if value not in (None, "_", "") and len(str(value)) < _WIDE else ""
    written, computed = str(constant.get("expr") or "_"), str(constant.get("value") or "")
    if constant.get("is_literal"):
        shown, computed = f" = {written if len(written) < _WIDE else '_'}", ""
    else:
        shown = f" = {written if len(written) < _WIDE else '_'}" if computed else ""
    end = ";" if kind == "constant" else ""
    return f"{shown}{end}{f' // {computed}' if computed and len(computed) < _WIDE else ''}"


def _body(kind: str, node: Node, index: Mapping[str, Any], where: str) -> str:
    if kind == "enum":
        rest = ["/* hidden variants */"] if node.get("has_stripped_variants") else []
        variants = _members(node.get("variants"), index, ("variant",))
        return _block(where, [*(declaration(one, index) + "," for one in variants), *rest])
    form = node if kind == "union" else node.get("kind")
    if not isinstance(form, Mapping):
        return _ended(where, ";")
    if "tuple" in form:
        fields = [_tuple_field(one, index, named=True) for one in form["tuple"]]
        shown = ", ".join(fields) if set(fields) != {"_"} else "/* private fields */"
        return f"({shown}){_ended(where, ';')}"
    plain = form.get("plain", form)
    rest = ["/* private fields */"] if plain.get("has_stripped_fields") or plain.get("fields_stripped") else []
    held = [declaration(one, index) + "," for one in _members(plain.get("fields"), index, ("struct_field",))]
    if rest and not held:
        return f"{where}\n{{ {rest[0]} }}" if where else f" {{ {rest[0]} }}"
    return _block(where, [*held, *rest])


def _variant_body(node: Node, index: Mapping[str, Any]) -> str:
    form = node.get("kind")
    if not isinstance(form, Mapping):
        discriminant = node.get("discriminant")
        return f" = {discriminant.get('expr')}" if isinstance(discriminant, Mapping) else ""
    if "tuple" in form:
        return f"({', '.join(_tuple_field(one, index, named=False) for one in form['tuple'])})"
    fields = [
        declaration(one, index) for one in _members((form.get("struct") or {}).get("fields"), index, ("struct_field",))
    ]
    return _block("", [f"{one}," for one in fields]) if fields else " { .. }"


def _tuple_field(identity: object, index: Mapping[str, Any], *, named: bool) -> str:
    field = index.get(str(identity)) if identity is not None else None
    if field is None:
        return "_"
    inner = field["inner"].get("struct_field")
    return (_visibility(field.get("visibility")) if named else "") + type_name(inner)


def _block(where: str, lines: Iterable[str]) -> str:
    """Return lines in braces, which stand on a line of their own behind a ``where`` clause."""
    inside = "\n".join(f"    {line}".rstrip().replace("\n", "\n    ") for line in lines)
    start = f"{where}\n" if where else " "
    return f"{start}{{\n{inside}\n}}" if inside else f"{start}{{}}"


def _ended(where: str, mark: str) -> str:
    return where.removesuffix(",") + mark if where else mark


def _members(identities: object, index: Mapping[str, Any], kinds: tuple[str, ...]) -> list[Node]:
    """Return the items of a list of ids, each once; only of kinds without members, so that none contains itself."""
    if not isinstance(identities, list):
        return []
    items = (index[one] for one in dict.fromkeys(map(str, identities)) if one in index)
    return [item for item in items if kind_of(item) in kinds]


def _visibility(value: object) -> str:
    return "pub " if value == "public" else ""
