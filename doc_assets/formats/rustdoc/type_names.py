"""Types, bounds and generic parameters in Rust's syntax, from the trees of rustdoc JSON.

The tree changes with each version of rustdoc, so that unknown nodes are written as their name or ``_`` and never reject
a crate. ``declarations`` writes the items.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Node = Mapping[str, Any]

_RELATIVE = ("crate::", "super::", "self::")
_DEEPEST = 40  # types in types; real ones stay below 10


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
    name = str(node.get("path") or node.get("name") or "_")
    if name.startswith(_RELATIVE):  # through private modules: only the last name means anything to users
        name = name.rpartition("::")[2]
    return f"{name}{_arguments(node.get('args'), depth + 1)}"


def _arguments(node: object, depth: int) -> str:
    if depth > _DEEPEST or not isinstance(node, Mapping):
        return ""
    parenthesized = node.get("parenthesized")
    if isinstance(parenthesized, Mapping):
        inputs = ", ".join(type_name(one, depth) for one in items_of(parenthesized, "inputs"))
        output = parenthesized.get("output")
        return f"({inputs})" + (f" -> {type_name(output, depth)}" if output else "")
    bracketed = node.get("angle_bracketed")
    if not isinstance(bracketed, Mapping):
        return ""
    shown = [_argument(one, depth) for one in items_of(bracketed, "args")]
    for constraint in items_of(bracketed, "constraints") or items_of(bracketed, "bindings"):
        binding = constraint.get("binding") or {}
        name = str(constraint.get("name", "_"))
        if "equality" in binding:
            shown.append(f"{name} = {_argument(binding['equality'], depth)}")
        else:
            shown.append(f"{name}: {bounds(binding.get('constraint'), depth)}")
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


def bounds(nodes: object, depth: int) -> str:
    """Return bounds as written behind a colon: ``Clone + 'a``."""
    return " + ".join(_bound(one, depth) for one in nodes) if isinstance(nodes, list) else ""


def _bound(node: object, depth: int) -> str:
    if not isinstance(node, Mapping):
        return "_"
    if "outlives" in node:
        return str(node["outlives"])
    bound = node.get("trait_bound")
    if not isinstance(bound, Mapping):
        return f"use<{', '.join(map(_captured, items_of(node, 'use')))}>" if "use" in node else "_"
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
    bounded = bounds(about.get("bounds"), depth)
    default = f" = {type_name(about['default'], depth)}" if about.get("default") else ""
    return (f"{name}: {bounded}" if bounded else name) + default


def _reference(node: Node, depth: int) -> str:
    lifetime = f"{node['lifetime']} " if node.get("lifetime") else ""
    return f"&{lifetime}{'mut ' if flag(node, 'mutable') else ''}{_pointed(node, depth)}"


def _pointer(node: Node, depth: int) -> str:
    return f"*{'mut' if flag(node, 'mutable') else 'const'} {_pointed(node, depth)}"


def _pointed(node: Node, depth: int) -> str:
    """Return the type behind a reference or pointer; several bounds stand in brackets."""
    target = node.get("type")
    shown = type_name(target, depth)
    bounded = isinstance(target, Mapping) and ("dyn_trait" in target or "impl_trait" in target)
    return f"({shown})" if bounded and " + " in shown else shown


def _qualified(node: Node, depth: int) -> str:
    owner = type_name(node.get("self_type"), depth)
    name = f"{node.get('name', '_')}{_arguments(node.get('args'), depth)}"
    trait = node.get("trait")
    # "Self::Item" is clear without its trait; "<T as Trait>::Item" is only needed for types with structure.
    plain = "generic" in (node.get("self_type") or {})
    return f"{owner}::{name}" if plain or not trait else f"<{owner} as {path(trait, depth)}>::{name}"


def _dynamic(node: Node, depth: int) -> str:
    traits = [
        _for(one.get("generic_params"), depth) + path(one.get("trait"), depth) for one in items_of(node, "traits")
    ]
    if node.get("lifetime"):
        traits.append(str(node["lifetime"]))
    return f"dyn {' + '.join(traits)}"


def _function_pointer(node: Node, depth: int) -> str:
    signature = node.get("sig") or node.get("decl") or {}
    shown = [type_name(one[1], depth) for one in items_of(signature, "inputs")]
    inputs = ", ".join([*shown, "..."] if flag(signature, "c_variadic") else shown)
    output = signature.get("output")
    arrow = f" -> {type_name(output, depth)}" if output else ""
    return f"{_for(node.get('generic_params'), depth)}{qualifiers(node.get('header'))}fn({inputs}){arrow}"


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
    "impl_trait": lambda node, depth: f"impl {bounds(node, depth)}",
    "dyn_trait": _dynamic,
    "qualified_path": _qualified,
    "function_pointer": _function_pointer,
    "pat": lambda node, depth: type_name(node.get("type"), depth),
}


def generics(node: object) -> tuple[str, str]:
    """Return the parameters in angle brackets, and the ``where`` clause on lines of its own."""
    if not isinstance(node, Mapping):
        return "", ""
    shown = [_parameter(one, 0) for one in items_of(node, "params") if not _is_synthetic(one)]
    clauses = []
    for predicate in items_of(node, "where_predicates"):
        if "bound_predicate" in predicate:
            bound = predicate["bound_predicate"]
            higher = _for(bound.get("generic_params"), 0)
            clauses.append(f"{higher}{type_name(bound.get('type'))}: {bounds(bound.get('bounds'), 0)}")
        elif "lifetime_predicate" in predicate:
            bound = predicate["lifetime_predicate"]
            clauses.append(f"{bound.get('lifetime', '_')}: {' + '.join(items_of(bound, 'outlives'))}")
    where = "\nwhere\n    " + ",\n    ".join(clauses) + "," if clauses else ""
    return (f"<{', '.join(shown)}>" if shown else ""), where


def _is_synthetic(parameter: Node) -> bool:
    """Return whether a parameter is that of an ``impl Trait`` argument, which is written where it is used."""
    kind = (parameter.get("kind") or {}).get("type")
    return isinstance(kind, Mapping) and flag(kind, "synthetic")


def qualifiers(header: object) -> str:
    """Return ``const``, ``async``, ``unsafe`` and ``extern "C"`` of a function, each with a space behind it."""
    if not isinstance(header, Mapping):
        return ""
    words = [word for word in ("const", "async", "unsafe") if flag(header, word)]
    abi = header.get("abi")
    if abi and abi != "Rust":
        name = next(iter(abi)) if isinstance(abi, Mapping) else str(abi)
        words.append(f'extern "{name}"')
    return "".join(f"{word} " for word in words)


def flag(node: Node, name: str) -> bool:
    """Return a flag, whose name got the prefix ``is_`` in a later format."""
    return bool(node.get(f"is_{name}") or node.get(name))


def items_of(node: Node, key: str) -> list:
    """Return the list under a key; empty if there is none."""
    value = node.get(key)
    return value if isinstance(value, list) else []
