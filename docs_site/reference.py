"""Pages of the reference that are made of the code.

Two kinds: ``COMMITTED`` ones lie in the repository, since people read them there, and a test holds them to the code;
``BUILT`` ones exist on the site alone, since they change with every sentence of the code. What stands in a table of a
page about more than that (settings, metadata, metrics, audit rules) is compared by the tests of its own subject.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

from typer.main import get_command

from doc_assets import errors
from doc_assets.catalogue.json_schema import catalogue_schema, schema_text
from doc_assets.catalogue.model import SOURCE_KINDS
from doc_assets.cli.app import app
from doc_assets.cli.commands import COMMANDS
from doc_assets.cli.examples import USAGES

ROOT = Path(__file__).resolve().parent.parent
_MADE = "<!-- Made of the code by `make reference`: change it there. -->"


def commands_page() -> str:
    """Return every command with its help, arguments, options, examples and exit codes."""
    lines = [
        "# Every command and option",
        _MADE,
        "What `doc-assets COMMAND --help` says, of all commands. [Commands](../commands.md) orders them by task. "
        "[As a job](../jobs.md#exit-codes) explains the exit codes. Options of `doc-assets` stand before the command.",
    ]
    root: Any = get_command(app)
    lines += ["## doc-assets", *_command(root, "doc-assets")]
    for name in COMMANDS:
        for path, command in _leaves(root.commands[name], name):
            lines += [f"## doc-assets {path}", *_command(command, f"doc-assets {path}")]
            if usage := USAGES.get(path):
                lines += ["```sh\n" + "\n".join(f"doc-assets {one}" for one in usage.examples) + "\n```"]
                lines += ["Exit codes: " + usage.codes.replace(" · ", "; ") + "."]
    return "\n\n".join(lines) + "\n"


def _leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - typer's own classes
    below = getattr(command, "commands", {})
    if not below or getattr(command, "invoke_without_command", False):
        yield path, command
    for name, one in below.items():
        yield from _leaves(one, f"{path} {name}")


def _command(command: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - typer's own classes
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    arguments = [one for one in shown if one.param_type_name == "argument"]
    options = [one for one in shown if one.param_type_name == "option"]
    words = [path, *(_argument(one) for one in arguments), *(["[OPTIONS]"] if options else [])]
    yield f"```text\n{' '.join(words)}\n```"
    yield _prose(command.help or "")
    rows = [(f"`{_argument(one)}`", one) for one in arguments]
    rows += [(", ".join(f"`{name}`" for name in (*one.opts, *one.secondary_opts)), one) for one in options]
    if rows:
        table = ["| argument or option | value | default | meaning |", "|---|---|---|---|"]
        table += [f"| {name} | {_kind(one)} | {_default(one)} | {_cell(one.help or '')} |" for name, one in rows]
        yield "\n".join(table)


def _argument(one: Any) -> str:  # noqa: ANN401 - typer's own classes
    name = re.sub(r"[\[\]….]", "", one.metavar or one.name).upper()
    many = "…" if one.nargs != 1 else ""
    return f"{name}{many}" if one.required else f"[{name}{many}]"


def _kind(one: Any) -> str:  # noqa: ANN401 - typer's own classes
    """Return what may be given for an option; nothing for one that takes no value."""
    if getattr(one, "is_flag", False):
        return ""
    annotated = one.type_descriptor.annotation
    value = get_args(annotated)[0] if get_origin(annotated) in (list, tuple) else annotated
    if isinstance(value, type) and issubclass(value, Enum):
        shown = ", ".join(f"`{choice.value}`" for choice in value)
    elif one.param_type_name == "option" and one.metavar:
        shown = f"`{one.metavar}`".replace("|", "\\|")
    else:
        shown = {str: "text", int: "integer", float: "number", Path: "path"}[value]
        bounds = [f"from {one.min:,}" if one.min is not None else "", f"to {one.max:,}" if one.max is not None else ""]
        shown += "".join(f" {bound}" for bound in bounds if bound)
    return f"{shown}, several times" if getattr(one, "multiple", False) else shown


def _default(one: Any) -> str:  # noqa: ANN401 - typer's own classes
    if one.required:
        return "needed"
    default = one.default
    if default is None or callable(default) or default in ([], (), "") or getattr(one, "is_flag", False):
        return ""
    return f"`{default.value if isinstance(default, Enum) else default}`"


def _cell(text: str) -> str:
    return _prose(" ".join(text.split())).replace("|", "\\|")


def _prose(text: str) -> str:
    """Return help as Markdown: what a renderer would take for markup of its own stands as written."""
    text = re.sub(r"\b\d+\.(?= )", lambda found: found[0].replace(".", "\\."), text.strip())
    return re.sub(r"([<*\[\]])", r"\\\1", text)


def catalogue_page() -> str:
    """Return every key of a catalogue with type, default, bounds, meaning and an example."""
    schema = catalogue_schema(["…"])
    definitions = schema["definitions"]
    kinds = {kind: model.__name__ for kind, model in SOURCE_KINDS.items()}
    every = set.intersection(*(set(definitions[name]["properties"]) for name in kinds.values())) - {"kind", "location"}
    lines = [
        "# Every key of a catalogue",
        _MADE,
        "Made of the models that the loader checks a catalogue with, as is the "
        "[JSON schema](catalogue.schema.json) for editors. [The catalogue](../catalogue.md) explains them.",
        "## The file",
        _keys(schema, sorted(schema["properties"], key=list(schema["properties"]).index)),
        "## A type",
        _keys(definitions["DocType"], list(definitions["DocType"]["properties"])),
        "## Every source",
        _keys(definitions["GitSource"], [key for key in definitions["GitSource"]["properties"] if key in every]),
    ]
    for kind, name in kinds.items():
        keys = [key for key in definitions[name]["properties"] if key not in every and key != "kind"]
        what = definitions[name]["properties"]["kind"]["description"]
        lines += [f"## Of kind {kind}", what, _keys(definitions[name], keys)]
    return "\n\n".join(lines) + "\n"


def _keys(of: dict[str, Any], names: list[str]) -> str:
    rows = ["| key | value | default | meaning | for example |", "|---|---|---|---|---|"]
    for name in names:
        rules = of["properties"][name]
        default = "needed" if name in of.get("required", ()) else _yaml(rules["default"]) if "default" in rules else ""
        example = _yaml(rules["examples"][0]) if rules.get("examples") else ""
        rows.append(f"| `{name}` | {_type(rules)} | {default} | {_cell(rules['description'])} | {example} |")
    return "\n".join(rows)


def _type(rules: dict[str, Any]) -> str:
    if "enum" in rules:
        return ", ".join(f"`{value}`" for value in rules["enum"])
    if "anyOf" in rules and "type" not in rules:
        return _type(next(one for one in rules["anyOf"] if one.get("type") != "null"))
    name = {"string": "text", "array": "list", "object": "mapping", "boolean": "true or false"}.get(
        rules["type"], rules["type"]
    )
    low, high = rules.get("minimum"), rules.get("maximum")
    if low is not None and high is not None:
        return f"{name}, {low:,} to {high:,}"
    return f"{name}, from {low:,}" if low is not None else name


def _yaml(value: object) -> str:
    match value:
        case None | "" | []:
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case int() if value > 9_999:
            return f"`{value:,}`".replace(",", "_")
        case list():
            return f"`[{', '.join(_plain(one) for one in value)}]`"
        case dict():
            return f"`{_plain(value)}`"
        case _:
            return f"`{value}`"


def _plain(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {_plain(one)}" for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(_plain(one) for one in value) + "]"
        case str() if re.fullmatch(r"[\d.]+|.*[*:#].*", value):
            return f'"{value}"'
        case _:
            return str(value)


def messages_page() -> str:
    """Return the literal text of every error that the code raises, in the order of the alphabet, with its kind."""
    found: dict[str, set[tuple[str, str]]] = {}
    for path in sorted((ROOT / "doc_assets").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        for node in _statements(ast.parse(source)) if "raise " in source else ():
            if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call) or not node.exc.args:
                continue
            name = ast.unparse(node.exc.func).rpartition(".")[2]
            text = _text(node.exc.args[0])
            if re.search(r"\w{2}", text) and (name in ("BadParameter", "ValueError") or hasattr(errors, name)):
                found.setdefault(text, set()).add((name, path.relative_to(ROOT).as_posix()))
    lines = [
        "# Every message",
        "The text of every error as the code has it; `…` stands for what a message names: a file, a partition. "
        "[When something goes wrong](../errors.md) says for each kind whose turn it is next, and its exit code. "
        "`BadParameter` and `ValueError` are misuse, or a wrong catalogue, setting or file.",
        "| message | kind | from |\n|---|---|---|",
    ]
    rows = []
    for text in sorted(found, key=lambda text: re.sub(r"^\W+", "", text).lower()):
        kinds = ", ".join(sorted({f"`{kind}`" for kind, _ in found[text]}))
        where = ", ".join(sorted({f"`{place}`" for _, place in found[text]}))
        rows.append(f"| {_cell(text)} | {kinds} | {where} |")
    return "\n\n".join(lines) + "\n" + "\n".join(rows) + "\n"


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements below a node at any depth, not their expressions: a tenth of what ``ast.walk`` yields."""
    for name in ("body", "orelse", "handlers", "finalbody", "cases"):
        for below in getattr(node, name, ()):
            yield below
            yield from _statements(below)


def _text(node: ast.expr) -> str:
    """Return the text of a string, of one with values in it, or of several in a row; empty for anything else."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=values):
            parts = [part.value if isinstance(part, ast.Constant) else "…" for part in values]
            return "".join(str(part) for part in parts)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _text(left) + (_text(right) or "…") if _text(left) else ""
        case _:
            return ""


def catalogue_json_schema() -> str:
    """Return the JSON schema of catalogues with the formats of the project itself, whatever plug-ins are installed."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        points = tomllib.load(file)["project"]["entry-points"]["doc_assets.formats"]
    return schema_text(sorted(points))


COMMITTED: dict[str, Callable[[], str]] = {
    "docs/reference/catalogue.schema.json": catalogue_json_schema,
    "docs/reference/commands.md": commands_page,
    "docs/reference/catalogue.md": catalogue_page,
}
BUILT: dict[str, Callable[[], str]] = {"docs/reference/messages.md": messages_page}
