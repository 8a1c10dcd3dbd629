"""The documentation names only what exists: links, paths, modules, identifiers, tests, commands and their options."""

from __future__ import annotations

import ast
import functools
import json
import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

from doc_assets_tests.support import ROOT
from doc_assets_tests.support.pages import PAGES, commands, listings, spans, tokens

# Pages that explain the code to people who change it: each identifier in a code span is one of the code.
ABOUT_THE_CODE = [
    page
    for page in PAGES
    if page in ("CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md") or page.startswith("docs/decisions/")
]
_FOLDERS = ("doc_assets/", "doc_assets_tests/", "benchmarks/", "examples/", "fuzz/", "k8s/", ".ci/", "docs/decisions/")
_PATH = re.compile(r"[\w./*-]+")
_MODULE = re.compile(r"doc_assets(?:_tests)?(?:\.\w+)+")
_TEST = re.compile(r"test_\w+")
_MAKE = re.compile(r"make ([a-z][a-z-]*)(?: [A-Z].*)?")
_CALL = re.compile(r"(?:\w+\.)*(\w+)\(\)")
_CLASS = re.compile(r"[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+")
_COMMAND = re.compile(r"^\s*(?:\$ )?(?:\S+=\S+ )*doc-assets((?: +[^|#>\n]*)?)", re.MULTILINE)
_OPTION = re.compile(r"(?<=[\s\[])(--[a-z][a-z-]+|-[a-z])(?=[\s=\].…]|$)")


def anchors(page: str) -> set[str]:
    """Fragments of the headings, as GitHub and the site make them; they differ for a second heading of a name."""
    names = set()
    for before, token in zip(tokens(page), tokens(page)[1:], strict=False):
        if before.type != "heading_open":
            continue
        words = "".join(child.content for child in token.children or () if child.type in ("text", "code_inline"))
        names.add(re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-"))
    return names


@functools.cache
def definitions(path: Path) -> frozenset[str]:
    """Names that a module defines or imports at its top, and the methods and fields of its classes."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.alias():
                names.add((node.asname or node.name).split(".")[0])
            case ast.Name(ctx=ast.Store()):
                names.add(node.id)
    return frozenset(names)


@functools.cache
def names_in_code() -> frozenset[str]:
    """Every identifier of the project's Python, and every table, view and function of its schema."""
    names: set[str] = set()
    for folder in ("doc_assets", "doc_assets_tests", "fuzz", "benchmarks", "examples/plugins"):
        for path in (ROOT / folder).rglob("*.py"):
            names |= set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    return frozenset(names) | in_schema()


@functools.cache
def in_schema() -> frozenset[str]:
    shape = json.loads((ROOT / "doc_assets/store/schema/expected.json").read_text(encoding="utf-8"))
    return frozenset(name.split("(")[0] for kind in shape.values() for name in kind)


@functools.cache
def known_tests() -> frozenset[str]:
    paths = (ROOT / "doc_assets_tests").rglob("test_*.py")
    return frozenset(name for path in paths for name in definitions(path) | {path.stem} if name.startswith("test_"))


def resolves(dotted: str) -> bool:
    """True for a module, for something that one defines, and for an object of the schema ``doc_assets``."""
    parts = dotted.split(".")
    if parts[0] == "doc_assets" and parts[1] in in_schema():
        return True
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        module = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if module.is_file():
            return all(name in definitions(module) for name in parts[length:])
    return False


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page):
    dead = []
    for token in tokens(page):
        target = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if not target or re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = unquote(target).partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        found = file.exists() and file.resolve().is_relative_to(ROOT)
        if not found or (fragment and fragment not in anchors(file.resolve().relative_to(ROOT).as_posix())):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("page", PAGES)
def test_every_path_module_target_and_test_that_is_named_exists(page):
    absent = []
    # The first column of a table of the changelog says how something was called.
    rows = re.findall(r"^\| (.*?) \|", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    former = {span for row in rows for span in re.findall("`([^`]+)`", row)} if page == "CHANGELOG.md" else set()
    for span in sorted(set(spans(page)) - former):
        path = span.partition("::")[0]
        if path.startswith(_FOLDERS) and _PATH.fullmatch(path):
            absent += [] if next(ROOT.glob(path.rstrip("/")), None) else [span]
        elif _MODULE.fullmatch(span):
            absent += [] if resolves(span) else [span]
        elif make := _MAKE.fullmatch(span):
            absent += [] if re.search(rf"^{make[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE) else [span]
        elif _TEST.fullmatch(span.rpartition("::")[2]):
            absent += [] if span.rpartition("::")[2] in known_tests() else [span]
    for language, text in listings(page):
        if language == "python":
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("doc_assets."):
                    absent += [n.name for n in node.names if not resolves(f"{node.module}.{n.name}")]
    assert absent == []


@pytest.mark.parametrize("page", ABOUT_THE_CODE)
def test_every_identifier_that_is_named_is_one_of_the_code(page):
    named = {found[1] for span in spans(page) if (found := _CALL.fullmatch(span))}
    named |= {span for span in spans(page) if _CLASS.fullmatch(span)}
    assert sorted(named - names_in_code()) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_is_named_exists_with_its_options(page):
    wrong = []
    texts = [span for span in spans(page) if span.startswith("doc-assets")]
    for text in [*texts, *(listing for language, listing in listings(page) if language in ("", "sh", "console"))]:
        for found in _COMMAND.finditer(text.replace("\\\n", " ")):
            words = found[1].split()
            command = commands()
            while words and re.fullmatch("[a-z]+", words[0]) and (below := getattr(command, "commands", None)):
                if words[0] not in below:
                    wrong.append(found[0].strip())
                    break
                command = below[words.pop(0)]
            if command.context_settings.get("allow_interspersed_args") is False:
                continue  # what follows are the options of another program
            known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
            wrong += [option for option in _OPTION.findall(f" {found[1]} ") if option not in {*known, "--help", "-h"}]
    assert wrong == []


def test_the_layers_of_the_page_are_those_that_are_enforced():
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    enforced = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    drawn = [text.splitlines() for language, text in listings("docs/architecture.md") if not language]
    assert drawn == enforced
