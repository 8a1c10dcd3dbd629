"""New inputs out of old ones: texts by the words of their format, JSON by its tree.

All randomness comes from the ``Random`` given, so that a run can be repeated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeAlias

Mutate: TypeAlias = "Callable[[bytes, int, Random], bytes]"

# Repetition is what finds time that grows faster than the input; most inputs stay small, since they run faster.
_REPEATS = (2, 3, 8, 40, 400, 4_000)
_ODD_VALUES: tuple[object, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**70, 1e308, float("nan"), float("inf"), 0.1),
    *("", " ", "\0", "\ud800", "a" * 5_000, "\x1b[31m", [], {}, [[]], {"": {}}, ["\n"], [None], "text/html"),
)


def text_mutator(vocabulary: Sequence[bytes]) -> Mutate:
    """A mutator of texts that are made of these words."""

    def mutate(data: bytes, max_size: int, random: Random) -> bytes:
        for _ in range(random.choice((1, 1, 2, 4, 8))):
            data = random.choice(_TEXT_STEPS)(data, vocabulary, max_size, random)
        return data[:max_size]

    return mutate


def _insert(data: bytes, vocabulary: Sequence[bytes], max_size: int, random: Random) -> bytes:
    at = _border(data, random)
    return data[:at] + b"".join(random.choices(vocabulary, k=random.choice((1, 1, 2, 5)))) + data[at:]


def _remove(data: bytes, vocabulary: Sequence[bytes], max_size: int, random: Random) -> bytes:
    start = _border(data, random)
    return data[:start] + data[start + random.choice((1, 2, 8, 40, 400)) :]


def _repeat(data: bytes, vocabulary: Sequence[bytes], max_size: int, random: Random) -> bytes:
    """One fragment many times over: of the input, or two words of the vocabulary."""
    at = _border(data, random)
    fragment = data[at : at + random.choice((1, 4, 20, 100))]
    if not fragment or random.random() < 0.6:
        fragment = b"".join(random.choices(vocabulary, k=random.choice((1, 1, 2, 3))))
    times = min(random.choice(_REPEATS), max(1, max_size // max(1, len(fragment))))
    return data[:at] + fragment * times + data[at:]


def _nest(data: bytes, vocabulary: Sequence[bytes], max_size: int, random: Random) -> bytes:
    """A word before many lines, deeper with each: indentation, quotes, lists."""
    lines = data.split(b"\n")
    start = random.randrange(len(lines))
    prefix = random.choice((b" ", b"  ", b"    ", b"> ", b"- ", b"1. ", b"\t", b"* ", b"| "))
    deeper = random.random() < 0.3
    for i in range(start, min(len(lines), start + random.choice((1, 5, 100)))):
        lines[i] = prefix * min(200, i - start + 1 if deeper else 1) + lines[i]
    return b"\n".join(lines)


def _move(data: bytes, vocabulary: Sequence[bytes], max_size: int, random: Random) -> bytes:
    """A few lines to another place, or a copy of them."""
    lines = data.split(b"\n")
    start = random.randrange(len(lines))
    taken = lines[start : start + random.choice((1, 2, 10))]
    if random.random() < 0.5:
        del lines[start : start + len(taken)]
    at = random.randrange(len(lines) + 1)
    return b"\n".join([*lines[:at], *taken, *lines[at:]])


def _damage(data: bytes, vocabulary: Sequence[bytes], max_size: int, random: Random) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


_TEXT_STEPS = (_insert, _insert, _insert, _remove, _repeat, _nest, _move, _damage)


def _border(data: bytes, random: Random) -> int:
    """A place to work at: mostly the start of a line."""
    at = random.randrange(len(data) + 1)
    return data.rfind(b"\n", 0, at) + 1 if random.random() < 0.6 else at


def json_mutator(vocabulary: Sequence[bytes]) -> Mutate:
    """A mutator of JSON texts, whose strings are made of these words."""
    in_strings = text_mutator(vocabulary)

    def mutate(data: bytes, max_size: int, random: Random) -> bytes:
        try:
            tree = json.loads(data)
        except (ValueError, RecursionError):
            return in_strings(data, max_size, random)
        holder = [tree]
        for _ in range(random.choice((1, 1, 2, 4))):
            random.choice(_JSON_STEPS)(holder, in_strings, max_size, random)
        try:
            made = json.dumps(holder[0]).encode()
        except RecursionError:
            return data
        return made if len(made) <= max_size else data

    return mutate


def _places(holder: list) -> list[tuple[Any, Any]]:
    """Every (container, key) of the tree, its root included."""
    found: list[tuple[Any, Any]] = []
    todo: list[Any] = [holder]
    while todo:
        node = todo.pop()
        for key in node if isinstance(node, dict) else range(len(node)):
            found.append((node, key))
            if isinstance(node[key], (dict, list)):
                todo.append(node[key])
    return found


def _change(holder: list, in_strings: Mutate, max_size: int, random: Random) -> None:
    """Another text in place of a text, an odd value in place of any."""
    container, key = random.choice(_places(holder))
    value = container[key]
    if isinstance(value, str) and random.random() < 0.7:
        changed = in_strings(value.encode("utf-8", "replace"), max_size // 4, random)
        container[key] = changed.decode("utf-8", "replace")
    else:
        container[key] = json.loads(json.dumps(random.choice(_ODD_VALUES)))  # a copy: it may be changed in turn


def _drop(holder: list, in_strings: Mutate, max_size: int, random: Random) -> None:
    container, key = random.choice(_places(holder))
    if container is not holder:
        del container[key]


def _graft(holder: list, in_strings: Mutate, max_size: int, random: Random) -> None:
    """A copy of one part of the tree in place of another."""
    places = _places(holder)
    (source, from_key), (target, to_key) = random.choice(places), random.choice(places)
    target[to_key] = json.loads(json.dumps(source[from_key]))


def _multiply(holder: list, in_strings: Mutate, max_size: int, random: Random) -> None:
    """A list's item many times, or a key under other names."""
    container, key = random.choice(_places(holder))
    size = max(1, len(json.dumps(container[key])))
    times = min(random.choice(_REPEATS), max_size // size)
    if isinstance(container, dict):
        container.update({f"{key}{i}": container[key] for i in range(min(times, 50))})
    elif container is not holder:
        container[key:key] = [container[key]] * times


def _wrap(holder: list, in_strings: Mutate, max_size: int, random: Random) -> None:
    """A part of the tree deeper inside lists and objects, named as things around it are."""
    places = _places(holder)
    container, key = random.choice(places)
    names = [name for _, name in places if isinstance(name, str)] or ["a"]
    for _ in range(random.choice((1, 1, 2, 30, 150))):
        container[key] = [container[key]] if random.random() < 0.5 else {random.choice(names): container[key]}


_JSON_STEPS = (_change, _change, _change, _drop, _graft, _multiply, _wrap)
