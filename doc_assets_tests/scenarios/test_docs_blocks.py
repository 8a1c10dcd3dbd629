"""Every block of code in the documentation is checked for what it is; what is not run says why.

Run as they stand: ``docs/python.md`` by ``test_python_api``, the requests and commands of ``docs/serving.md`` by
``test_serving``, those of ``docs/mcp.md`` by ``test_assistants``, ``docs/tutorial.md`` by ``test_app``. Here every
command line is read by the program that it is for, as far as that is ours, and every piece of YAML, JSON, TOML and SQL
by what would read it.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from doc_assets.dagster.pod_resources import RunPods
from doc_assets.settings.declaration import DECLARED
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.pages import PAGES, command_of, listings

SCHEMA = json.loads((ROOT / "docs/reference/catalogue.schema.json").read_text())
# Programs that command lines of the pages call, and why they are not run here.
OTHERS = {
    **dict.fromkeys(("kubectl", "kind", "helm"), "needs a cluster; scenarios/manifests tests what it applies"),
    **dict.fromkeys(("docker", "buildah", "skopeo", "ctr"), "needs an engine of containers, and half an hour"),
    **dict.fromkeys(("dagster", "dg"), "the jobs and their launch are tested in doc_assets_tests/dagster"),
    **dict.fromkeys(("claude", "codex", "gemini"), "a client of others; test_assistants reads what they start"),
    **dict.fromkeys((".", "export", "mkdir", "cd"), "a word of the shell"),
    **dict.fromkeys(("curl", "openssl", "jq", "psql", "pip", "git"), "a program of others, as its manual has it"),
}
# Of those without a language, and of text, what does not begin with a program is what one prints, or a drawing.
LANGUAGES = ("sh", "bash", "console", "", "text", "yaml", "json", "toml", "sql", "python", "mermaid", "markdown")
BLOCKS = [(page, n, language, text) for page in PAGES for n, (language, text) in enumerate(listings(page))]


def blocks(*languages: str) -> list[Any]:
    return [pytest.param(p, text, id=f"{p}-{n}") for p, n, language, text in BLOCKS if language in languages]


def lines(text: str) -> Iterator[list[str]]:
    """The commands of a block, each in words: without prompt, variables before it, pipes, redirections and comments."""
    for line in text.replace("\\\n", " ").splitlines():
        if text.startswith("$ ") and not line.startswith("$ "):
            continue
        lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split, lexer.commenters = True, "#"
        command: list[str] = []
        words = iter([*lexer, "|"])
        for word in words:
            if set(word) <= set("<>"):
                next(words)  # the file
            elif set(word) <= set("|&;"):
                if command:
                    yield command
                command = []
            elif command or not re.match(r"[A-Z_]+=", word):
                command.append(word)


def is_shell(language: str, text: str) -> bool:
    if language:
        return language in ("sh", "bash", "console")
    return text.removeprefix("$ ").split(None, 1)[0] in {*OTHERS, "doc-assets", "make", "python"}


def test_every_block_is_of_a_kind_that_is_checked():
    assert {language for *_, language, _ in BLOCKS} <= {*LANGUAGES}


def test_every_command_line_is_read_by_the_program_that_it_is_for():
    wrong = []
    shell = [(page, text) for page, _, language, text in BLOCKS if is_shell(language, text)]
    for page, (program, *words) in [(page, command) for page, text in shell for command in lines(text)]:
        try:
            _read(program, words)
        except Exception as error:
            wrong.append((page, program, words, f"{type(error).__name__}: {error}"))
    assert wrong == []


def _read(program: str, words: list[str]) -> None:
    match program:
        case "doc-assets":
            if any(word.startswith("[") for word in words):
                return  # a synopsis: test_docs compares its options
            command, rest = command_of(words)
            command.make_context(command.name, rest)
        case "make":
            target = words[0]
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), "no such target"
        case "python" if words[0] == "-m":
            path = ROOT / words[1].replace(".", "/")
            module = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__main__.py"
            known = module.read_text()
            assert [word for word in words if word.startswith("--") and f'"{word}"' not in known] == []
        case "python":
            ast.parse(words[1])
        case _:
            assert OTHERS[program]
            for word in words:
                if word.startswith(("k8s/", "examples/", "./examples/")):
                    assert (ROOT / word).exists(), "no such file"


ANY_TYPES = {"types": {"rust": {"sources": [{"name": "a", "kind": "crate"}]}}}


def _catalogue(content: Any) -> None:
    assert list(Draft7Validator(SCHEMA).iter_errors({**ANY_TYPES, **content})) == []


def _sources(content: list[Any]) -> None:
    _catalogue({"types": {"rust": {"sources": content}}})


# What a block of YAML is, by its first key, and what reads it.
YAML: dict[str, Callable[[Any], object]] = {
    "types": _catalogue,
    "scopes": _catalogue,
    "exclude": _catalogue,
    "sources": lambda content: _sources(content["sources"]),
    "name": _sources,
    "default": RunPods.model_validate,
    # Fields of the ops of doc_assets.dagster, whose launches are tested there; of Kubernetes, rendered in scenarios.
    "ops": lambda content: [field for op in content["ops"].values() for field in op["config"]],
    **dict.fromkeys(("backoffLimit", "completionMode", "components"), lambda _: None),
}


@pytest.mark.parametrize(("page", "text"), blocks("yaml"))
def test_every_block_of_yaml_is_what_its_first_key_says(page: str, text: str):
    if text.startswith("# yaml-language-server:"):
        return  # the line alone
    content = yaml.safe_load(text)
    YAML[next(iter(content[0] if isinstance(content, list) else content))](content)


@pytest.mark.parametrize(("page", "text"), blocks("json"))
def test_every_block_of_json_is_json(page: str, text: str):
    json.loads(text)


@pytest.mark.parametrize(("page", "text"), blocks("toml"))
def test_every_block_of_toml_is_toml_and_names_settings_that_exist(page: str, text: str):
    content = tomllib.loads(text)
    if text.startswith("# doc-assets.toml"):
        assert {*content} <= {setting.key for setting in DECLARED.values() if setting.in_file}


@pytest.mark.parametrize(("page", "text"), blocks("python"))
def test_every_block_of_python_compiles(page: str, text: str):
    compile(text, page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_every_query_that_is_shown_is_one_of_the_schema(server_url: str, template: str):
    """Statements that make or grant roles change the whole server: the tests of ``db roles`` run theirs."""
    import psycopg

    with new_database(server_url, template=template) as url, psycopg.connect(url) as connection:
        for page, _, language, text in BLOCKS:
            if language == "sql" and text.startswith("SELECT"):
                connection.execute(f"EXPLAIN {text}".encode())
            elif language == "sql":
                assert re.match(r"(?:CREATE|GRANT|ALTER) ", text), page


def test_what_is_not_run_says_why():
    assert all(len(reason) > 10 for reason in OTHERS.values())
