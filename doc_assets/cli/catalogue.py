"""``doc-assets catalogue``: write or check a catalogue."""

from __future__ import annotations

from pathlib import Path

import typer

from doc_assets.catalogue import initial_catalogue, load_catalogue
from doc_assets.cli.output import JSON_OPTION, print_json, print_note, print_table
from doc_assets.cli.partition_options import CATALOGUE_OPTION, settings_with
from doc_assets.sources.credentials import without_credentials
from doc_assets.sources.preflight import problems

app = typer.Typer(no_args_is_help=True, help="Write or check the catalogue of sources.")


@app.command("init")
def init(
    directory: Path = typer.Argument(help="Folder laid out TYPE/SOURCE/…"),
    output: Path | None = typer.Option(None, "--output", "-o", help="File to write; default stdout."),
    force: bool = typer.Option(False, "--force", help="Replace the file if it exists."),
) -> None:
    """Write a catalogue for a folder laid out TYPE/SOURCE/…, one directory source per folder."""
    text = initial_catalogue(directory, output)
    if output is None:
        typer.echo(text, nl=False)
        return
    if output.exists() and not force:
        raise typer.BadParameter(f"{output} exists: give another name, or --force to replace it", param_hint="--output")
    output.write_text(text, encoding="utf-8")
    print_note(f"wrote {output}: doc-assets migrate --catalogue {output} loads it")


@app.command("check")
def check(catalogue: Path | None = CATALOGUE_OPTION, as_json: bool = JSON_OPTION) -> None:
    """Check the catalogue's syntax, and that its sources exist."""
    settings = settings_with(catalogue)
    loaded = load_catalogue(settings.catalogue)
    found = problems(loaded)
    partitions = loaded.partitions()
    if as_json:
        rows = [
            {"partition": p.name, "kind": p.source.kind, "location": without_credentials(p.source.location)}
            for p in partitions
        ]
        print_json(
            {"catalogue": str(settings.catalogue), "partitions": rows, "problems": [str(problem) for problem in found]}
        )
    elif found:
        print_table(f"problems in {settings.catalogue}", ["problem"], [[problem] for problem in found])
    else:
        rows = [(doc_type, sum(1 for p in partitions if p.doc_type == doc_type)) for doc_type in loaded.types]
        print_table(f"{settings.catalogue}: no problem", ["type", "partitions"], rows)
    if found:
        raise typer.Exit(1)
