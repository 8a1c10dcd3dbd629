"""Declarations of Rust items in Rust's syntax, from the trees of rustdoc JSON.

The tree changes with each version of rustdoc, so that unknown nodes are written as their name or ``_`` and never reject
a crate. ``json_format`` selects the items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from doc_assets.formats.rustdoc.crate import Item, content_of, kind_of

Node = Mapping[str, Any]

_DEEPEST = 40  # types in types; real ones stay below 10
_ASSOCIATED = ("function", "assoc_type", "assoc_const")
_WIDE = 100  # characters; the parameters of a longer list take a line each


def type_name(node: object, depth: int = 0) -> str:
    """Return a type, such as ``&'a mut Vec<T>``."""
    if depth > _DEEPEST:
        return "…"
    if not isinstance(node, Mapping):
        return "_"
    for kind, value in node.items():
        if kind in ("generic", "primitive") and isinstance(value, str):
            return "!" if value == "never" else value
        render = _TYPES.get(kind)
        if render is not None:
            return render(value, depth + 1)
        if isinstance(value, Mapping) and isinstance(value.get("name"), str):
            return value["name"]
    return "_"


def path(node: object, depth: int = 0) -> str:
    """Return a path with its arguments, such as ``Iterator<Item = u8>``."""
    if not isinstance(node, Mapping):
        return "_"
    name = node.get("path") or node.get("name") or "_"
    return f"{name}{_arguments(node.get('args'), depth + 1)}"


def _arguments(node: object, depth: int) -> str:
    if depth > _DEEPEST or not isinstance(node, Mapping):
        return ""
    parenthesized = node.get("parenthesized")
    if isinstance(parenthesized, Mapping):
        inputs = ", ".join(type_name(one, depth) for one in _items(parenthesized, "inputs"))
        output = parenthesized.get("output")
        return f"({inputs})" + (f" -> {type_name(output, depth)}" if output else "")
    bracketed = node.get("angle_bracketed")
    if not isinstance(bracketed, Mapping):
        return ""
    shown = [_argument(one, depth) for one in _items(bracketed, "args")]
    for constraint in _items(bracketed, "constraints") or _items(bracketed, "bindings"):
        binding = constraint.get("binding") or {}
        name = str(constraint.get("name", "_"))
        if "equality" in binding:
            shown.append(f"{name} = {_argument(binding['equality'], depth)}")
        else:
            shown.append(f"{name}: {_bounds(binding.get('constraint'), depth)}")
    return f"<{', '.join(shown)}>" if shown else ""


def _argument(node: object, depth: int) -> str:
    if not isinstance(node, Mapping):
        return "_"
    if "lifetime" in node:
        return str(node["lifetime"])
    if "const" in node:
        constant = node["const"]
        return str(constant.get("expr", "_")) if isinstance(constant, Mapping) else str(constant)
    return type_name(node.get("type"), depth)


def _bounds(nodes: object, depth: int) -> str:
    return " + ".join(_bound(one, depth) for one in nodes) if isinstance(nodes, list) else ""


def _bound(node: object, depth: int) -> str:
    if not isinstance(node, Mapping):
        return "_"
    if "outlives" in node:
        return str(node["outlives"])
    bound = node.get("trait_bound")
    if not isinstance(bound, Mapping):
        return f"use<{', '.join(map(_captured, _items(node, 'use')))}>" if "use" in node else "_"
    mark = "?" if bound.get("modifier") == "maybe" else ""
    return mark + _for(bound.get("generic_params"), depth) + path(bound.get("trait"), depth)


def _captured(node: object) -> str:
    """Return a lifetime or parameter of ``use<'a, T>``; it is text before format 41."""
    return str(next(iter(node.values()), "_")) if isinstance(node, Mapping) else str(node)


def _for(params: object, depth: int) -> str:
    names = [_parameter(one, depth) for one in params] if isinstance(params, list) else []
    return f"for<{', '.join(names)}> " if names else ""


def _parameter(node: Node, depth: int) -> str:
    name = str(node.get("name", "_"))
    kind = node.get("kind") or {}
    if "lifetime" in kind:
        outlives = (kind["lifetime"] or {}).get("outlives") or []
        return f"{name}: {' + '.join(outlives)}" if outlives else name
    if "const" in kind:
        value = kind["const"].get("default")
        return f"const {name}: {type_name(kind['const'].get('type'), depth)}" + (f" = {value}" if value else "")
    about = kind.get("type") or {}
    bounds = _bounds(about.get("bounds"), depth)
    default = f" = {type_name(about['default'], depth)}" if about.get("default") else ""
    return (f"{name}: {bounds}" if bounds else name) + default


def _reference(node: Node, depth: int) -> str:
    lifetime = f"{node['lifetime']} " if node.get("lifetime") else ""
    return f"&{lifetime}{'mut ' if _flag(node, 'mutable') else ''}{type_name(node.get('type'), depth)}"


def _pointer(node: Node, depth: int) -> str:
    return f"*{'mut' if _flag(node, 'mutable') else 'const'} {type_name(node.get('type'), depth)}"


def _qualified(node: Node, depth: int) -> str:
    owner = type_name(node.get("self_type"), depth)
    name = f"{node.get('name', '_')}{_arguments(node.get('args'), depth)}"
    trait = node.get("trait")
    # "Self::Item" is clear without its trait; "<T as Trait>::Item" is only needed for types with structure.
    plain = "generic" in (node.get("self_type") or {})
    return f"{owner}::{name}" if plain or not trait else f"<{owner} as {path(trait, depth)}>::{name}"


def _dynamic(node: Node, depth: int) -> str:
    bounds = [_for(one.get("generic_params"), depth) + path(one.get("trait"), depth) for one in _items(node, "traits")]
    if node.get("lifetime"):
        bounds.append(str(node["lifetime"]))
    return f"dyn {' + '.join(bounds)}"


def _function_pointer(node: Node, depth: int) -> str:
    signature = node.get("sig") or node.get("decl") or {}
    shown = [type_name(one[1], depth) for one in _items(signature, "inputs")]
    inputs = ", ".join([*shown, "..."] if _flag(signature, "c_variadic") else shown)
    output = signature.get("output")
    arrow = f" -> {type_name(output, depth)}" if output else ""
    return f"{_for(node.get('generic_params'), depth)}{_qualifiers(node.get('header'))}fn({inputs}){arrow}"


def _tuple(nodes: list, depth: int) -> str:
    inside = ", ".join(type_name(one, depth) for one in nodes)
    return f"({inside},)" if len(nodes) == 1 else f"({inside})"


_TYPES: dict[str, Callable[[Any, int], str]] = {
    "resolved_path": path,
    "borrowed_ref": _reference,
    "raw_pointer": _pointer,
    "tuple": _tuple,
    "slice": lambda node, depth: f"[{type_name(node, depth)}]",
    "array": lambda node, depth: f"[{type_name(node.get('type'), depth)}; {node.get('len', '_')}]",
    "impl_trait": lambda node, depth: f"impl {_bounds(node, depth)}",
    "dyn_trait": _dynamic,
    "qualified_path": _qualified,
    "function_pointer": _function_pointer,
    "pat": lambda node, depth: type_name(node.get("type"), depth),
}


def function(name: str, node: Node, visibility: object = "default") -> str:
    """Return the declaration of a function, without its body."""
    signature = node.get("sig") or node.get("decl") or {}
    inputs = [_input(one) for one in _items(signature, "inputs")]
    if _flag(signature, "c_variadic"):
        inputs.append("...")
    output = signature.get("output")
    arrow = f" -> {type_name(output)}" if output else ""
    parameters, where = _generics(node.get("generics"))
    start = f"{_visibility(visibility)}{_qualifiers(node.get('header'))}fn {name}{parameters}("
    inside = ", ".join(inputs)
    if len(start) + len(inside) + len(arrow) > _WIDE and inputs:
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
    parameters, where = _generics(node.get("generics"))
    if kind == "function":
        return function(name, node, item.get("visibility"))
    if kind in ("struct", "union", "enum", "trait"):
        if kind == "trait":
            marks = "".join(f"{mark} " for mark in ("unsafe", "auto") if _flag(node, mark))
            bounds = _bounds(node.get("bounds"), 0)
            head = f"{visibility}{marks}trait {name}{parameters}{f': {bounds}' if bounds else ''}{where}"
            return head + _braces(
                declaration(one, index) + (" { ... }" if _is_provided(one) else ";")
                for one in _members(node.get("items"), index, _ASSOCIATED)
            )
        return f"{_attributes(item)}{visibility}{kind} {name}{parameters}" + _body(kind, node, index, where)
    if kind == "variant":
        return name + _variant_body(node, index)
    if kind == "struct_field":
        return f"{visibility}{name}: {type_name(node)}"
    return visibility + _value(kind, name, node, parameters, where)


def _is_provided(item: Item) -> bool:
    """Return whether a trait's function has a default body."""
    content = content_of(item)
    return kind_of(item) == "function" and isinstance(content, Mapping) and bool(content.get("has_body"))


def _attributes(item: Node) -> str:
    """Return the attributes of a type that matter to its users; they are text before format 54 and values since."""
    lines: list[str] = []
    for attribute in _items(item, "attrs"):
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
        constant = node.get("const")
        value = (constant.get("value") or constant.get("expr")) if isinstance(constant, Mapping) else node.get("value")
        shown = f" = {value}" if value not in (None, "_", "") and len(str(value)) < _WIDE else ""
        mutable = "mut " if _flag(node, "mutable") else ""
        return f"{'static' if kind == 'static' else 'const'} {mutable}{name}: {type_name(node.get('type'))}{shown}"
    if kind in ("type_alias", "assoc_type"):
        bounds = _bounds(node.get("bounds"), 0)
        target = f" = {type_name(node['type'])}" if node.get("type") else ""
        return f"type {name}{parameters}{f': {bounds}' if bounds else ''}{target}{where}"
    if kind == "trait_alias":
        return f"trait {name}{parameters} = {_bounds(node.get('params'), 0)}{where}"
    if kind == "proc_macro":
        form = {"attr": f"#[{name}]", "derive": f"#[derive({name})]"}.get(str(node.get("kind")), f"{name}!()")
        helpers = node.get("helpers") or []
        return form + (f" with attributes {', '.join(f'#[{one}]' for one in helpers)}" if helpers else "")
    return f"{kind} {name}"


def _body(kind: str, node: Node, index: Mapping[str, Any], where: str) -> str:
    if kind == "enum":
        rest = ["/* hidden variants */"] if node.get("has_stripped_variants") else []
        return where + _braces(
            [*(declaration(v, index) + "," for v in _members(node.get("variants"), index, ("variant",))), *rest]
        )
    form = node if kind == "union" else node.get("kind")
    if not isinstance(form, Mapping):
        return f"{where};"
    if "tuple" in form:
        fields = (_tuple_field(one, index, named=True) for one in form["tuple"])
        return f"({', '.join(fields)}){where};"
    plain = form.get("plain", form)
    rest = ["/* private fields */"] if plain.get("has_stripped_fields") or plain.get("fields_stripped") else []
    return where + _braces(
        [*(declaration(one, index) + "," for one in _members(plain.get("fields"), index, ("struct_field",))), *rest]
    )


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
    return f" {{ {', '.join(fields)} }}" if fields else " { .. }"


def _tuple_field(identity: object, index: Mapping[str, Any], *, named: bool) -> str:
    field = index.get(str(identity)) if identity is not None else None
    if field is None:
        return "_"
    inner = field["inner"].get("struct_field")
    return (_visibility(field.get("visibility")) if named else "") + type_name(inner)


def _braces(lines: Iterable[str]) -> str:
    inside = "\n".join("    " + line.replace("\n", "\n    ") for line in lines)
    return f" {{\n{inside}\n}}" if inside else " {}"


def _members(identities: object, index: Mapping[str, Any], kinds: tuple[str, ...]) -> list[Node]:
    """Return the items of a list of ids, each once; only of kinds without members, so that none contains itself."""
    if not isinstance(identities, list):
        return []
    items = (index[one] for one in dict.fromkeys(map(str, identities)) if one in index)
    return [item for item in items if kind_of(item) in kinds]


def _generics(node: object) -> tuple[str, str]:
    """Return the parameters in angle brackets, and the ``where`` clause with a space before it."""
    if not isinstance(node, Mapping):
        return "", ""
    shown = [_parameter(one, 0) for one in _items(node, "params") if not _is_synthetic(one)]
    clauses = []
    for predicate in _items(node, "where_predicates"):
        if "bound_predicate" in predicate:
            bound = predicate["bound_predicate"]
            higher = _for(bound.get("generic_params"), 0)
            clauses.append(f"{higher}{type_name(bound.get('type'))}: {_bounds(bound.get('bounds'), 0)}")
        elif "lifetime_predicate" in predicate:
            bound = predicate["lifetime_predicate"]
            clauses.append(f"{bound.get('lifetime', '_')}: {' + '.join(_items(bound, 'outlives'))}")
    where = f" where {', '.join(clauses)}" if clauses else ""
    return (f"<{', '.join(shown)}>" if shown else ""), where


def _is_synthetic(parameter: Node) -> bool:
    """Return whether a parameter is that of an ``impl Trait`` argument, which is written where it is used."""
    kind = (parameter.get("kind") or {}).get("type")
    return isinstance(kind, Mapping) and _flag(kind, "synthetic")


def _qualifiers(header: object) -> str:
    if not isinstance(header, Mapping):
        return ""
    words = [word for word in ("const", "async", "unsafe") if _flag(header, word)]
    abi = header.get("abi")
    if abi and abi != "Rust":
        name = next(iter(abi)) if isinstance(abi, Mapping) else str(abi)
        words.append(f'extern "{name}"')
    return "".join(f"{word} " for word in words)


def _visibility(value: object) -> str:
    return "pub " if value == "public" else ""


def _flag(node: Node, name: str) -> bool:
    """Return a flag, whose name got the prefix ``is_`` in a later format."""
    return bool(node.get(f"is_{name}") or node.get(name))


def _items(node: Node, key: str) -> list:
    value = node.get(key)
    return value if isinstance(value, list) else []
