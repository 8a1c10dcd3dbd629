"""What the manifests have containers run is understood by the programs in the image."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer
from dagster._cli import create_dagster_cli
from dagster._daemon.cli import create_dagster_daemon_cli
from dagster_webserver.cli import create_dagster_webserver_cli

from doc_assets.cli.app import app
from doc_assets_tests.support.manifests.configurations import COMPONENTS, K8S, PLAIN
from doc_assets_tests.support.manifests.rendering import Manifest, load, render
from doc_assets_tests.support.manifests.workloads import template_pods

# typer has a click of its own, so there is no class that both kinds of commands are of.
PROGRAMS: dict[str, Callable[[], Any]] = {
    "doc-assets": lambda: typer.main.get_command(app),
    "dagster": create_dagster_cli,
    "dagster-webserver": create_dagster_webserver_cli,
    "dagster-daemon": create_dagster_daemon_cli,
}
OTHERS = {"postgres", "pg_isready"}


def understood(command: Any, arguments: list[str], parent: Any = None) -> None:
    """Parses a command line down to its last subcommand, and runs nothing.

    Raises:
        UsageError: click's or typer's: an option or argument that makes no sense.
    """
    context = command.make_context(command.name, list(arguments), parent=parent)
    if hasattr(command, "resolve_command"):
        below = vars(context)
        rest = [*(below.get("_protected_args") or below.get("protected_args") or ()), *context.args]
        _, sub, rest = command.resolve_command(context, rest)
        understood(sub, rest, context)


def test_every_command_line_is_one_that_its_program_understands(
    local: list[Manifest], folder_of: Callable[..., Path]
) -> None:
    plain = [manifest for path in PLAIN for manifest in load(path)]
    production = render(folder_of("production", *COMPONENTS))
    pods = [pod for manifests in (production, local, plain) for pod in template_pods(manifests)]
    lines = {tuple(container["args"]) for pod in pods for container in pod.containers}
    lines |= {
        tuple(container[probe]["exec"]["command"])
        for pod in pods
        for container in pod.containers
        for probe in ("startupProbe", "readinessProbe", "livenessProbe")
        if "exec" in container.get(probe, {})
    }
    assert {program for program, *_ in lines} == {*PROGRAMS, *OTHERS, "python"}
    for program, *arguments in sorted(lines):
        if program == "python":
            assert arguments[0] == "-m"
            assert find_spec(arguments[1]), arguments
        elif program not in OTHERS:
            understood(PROGRAMS[program](), [_as_here(argument) for argument in arguments])


def _as_here(argument: str) -> str:
    """With what Kubernetes puts in, and with the file that the ConfigMap holds: commands look whether it is there."""
    return argument.replace("$(JOB_COMPLETION_INDEX)", "0").replace("/opt/dagster/dagster_home", str(K8S / "base"))


@pytest.mark.parametrize(
    "wrong",
    [
        ["doc-assets", "migrate", "--slices", "0/4"],
        ["doc-assets", "db", "upgrades"],
        ["dagster", "instance", "upgrade"],
        ["dagster-daemon", "run", "--port=1"],
    ],
)
def test_a_command_line_that_is_wrong_is_noticed(wrong: list[str]) -> None:
    program, *arguments = wrong
    with pytest.raises(Exception, match="No such"):
        understood(PROGRAMS[program](), arguments)
