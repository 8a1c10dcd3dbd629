"""``doc-assets catalogue``: write or check a catalogue, or write its schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from doc_assets.catalogue import Catalogue, initial_catalogue, load_catalogue
from doc_assets.catalogue.json_schema import is_schema, schema_text
from doc_assets.cli.left_catalogue import note_crate_fronts, note_left_catalogue
from doc_assets.cli.output import JSON_OPTION, print_exactly, print_json, print_note, print_table
from doc_assets.cli.partition_options import CATALOGUE_OPTION, settings_with
from doc_assets.errors import DocAssetsError
from doc_assets.formats.registry import format_names
from doc_assets.settings import Settings
from doc_assets.sources.credentials import without_credentials
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.preflight import problems
from doc_assets.sources.upstream_check import UpstreamCheck, check_upstreams
from doc_assets.store.database.connection import DatabaseError
from doc_assets.store.database.embedded import has_data
from doc_assets.store.partitions.crate_fronts import CrateFront, crate_fronts
from doc_assets.store.partitions.left_catalogue import LeftPartition, left_catalogue
from doc_assets.store.schema.opening import open_for_reading

app = typer.Typer(no_args_is_help=True, help="Write or check the catalogue of sources, or write its JSON schema.")


@app.command("init")
def init(
    directory: Path = typer.Argument(metavar="DIRECTORY", help="Folder laid out TYPE/SOURCE/…"),
    output: Path | None = typer.Option(None, "--output", "-o", help="File to write; default stdout."),
    force: bool = typer.Option(False, "--force", help="Replace the file if it exists."),
) -> None:
    """Write a catalogue for a folder laid out TYPE/SOURCE/…, one directory source per folder.

    Beside it the JSON schema is written, by which editors complete and check it.
    """
    text = initial_catalogue(directory, output)
    if output is None:
        print_exactly(text)
        return
    schema = output.with_suffix(".schema.json")
    _refuse_to_replace(output, force)
    _write(schema, schema_text(format_names()), force or is_schema(schema))
    _write(output, f"# yaml-language-server: $schema={schema.name}\n{text}", force)
    print_note(f"wrote {output}: doc-assets migrate --catalogue {output} loads it")
    print_note(f"wrote {schema}, by which editors check it; it may be deleted with the first line of {output.name}")


@app.command("schema")
def schema(
    output: Path | None = typer.Option(
        None, "--output", "-o", help="File to write, also over an earlier one; default stdout."
    ),
    force: bool = typer.Option(False, "--force", help="Replace the file also if it is no such schema."),
) -> None:
    """Write the JSON schema of catalogues, by which editors complete keys, explain them and mark mistakes.

    The first line of a catalogue names it for them: # yaml-language-server: $schema=FILE
    """
    text = schema_text(format_names())
    if output is None:
        print_exactly(text)
        return
    _write(output, text, force or is_schema(output))
    print_note(f"wrote {output}: editors read it for a catalogue that begins # yaml-language-server: $schema={output}")


def _refuse_to_replace(output: Path, force: bool) -> None:
    if output.exists() and not force:
        raise typer.BadParameter(f"{output} exists: give another name, or --force to replace it", param_hint="--output")


def _write(output: Path, text: str, force: bool) -> None:
    _refuse_to_replace(output, force)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(
            f"{output} cannot be written ({error.strerror}): name a file in a folder that exists and is yours",
            param_hint="--output",
        ) from error


@app.command("check")
def check(
    catalogue: Path | None = CATALOGUE_OPTION,
    online: bool = typer.Option(
        False, "--online", help="Ask every source for revision, folders, files, size and where it is; fetch no file."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Check the catalogue's syntax, that its sources exist, and that it lists what is live in the database, if any."""
    settings = settings_with(catalogue)
    loaded = load_catalogue(settings.catalogue)
    found = problems(loaded)
    upstreams, not_told = check_upstreams(loaded, FetchOptions.of(settings)) if online else ([], ())
    found += [f"{one.source}: {fault}" for one in upstreams for fault in one.faults]
    compared = _compared(settings, loaded)
    partitions = loaded.partitions()
    if as_json:
        rows = [
            {"partition": p.name, "kind": p.source.kind, "location": without_credentials(p.source.location)}
            for p in partitions
        ]
        print_json(
            {
                "catalogue": str(settings.catalogue),
                "partitions": rows,
                "problems": [str(problem) for problem in found],
                "upstreams": upstreams if online else None,
                "not_told": not_told if online else None,
                "left_catalogue": compared.left,
                "crate_fronts": compared.fronts,
                "not_compared": compared.reason,
            }
        )
    else:
        if upstreams:
            _print_upstreams(upstreams)
        _print_problems(found, settings, loaded)
        for sentence in not_told:
            print_note(sentence)
    if compared.reason is not None:
        print_note(f"not compared with what is live: {compared.reason}")
    elif not as_json:
        note_left_catalogue(compared.left or ())
        note_crate_fronts(compared.fronts or ())
    if found:
        raise typer.Exit(1)


def _print_upstreams(upstreams: Sequence[UpstreamCheck]) -> None:
    rows = [
        (
            *(one.source, _short(one.revision), one.committed, one.archived),
            *(one.files, one.bytes, ", ".join(one.unmatched), len(one.faults)),
        )
        for one in upstreams
    ]
    columns = ["source", "revision", "committed", "archived", "files", "bytes", "include without a match", "faults"]
    print_table("upstreams", columns, rows, first=["source", "faults", "files"])


def _short(revision: str | None) -> str:
    if revision is None:
        return "not told"
    return revision[:12] if revision.isalnum() else revision


def _print_problems(found: Sequence[str], settings: Settings, loaded: Catalogue) -> None:
    if found:
        print_table(f"problems in {settings.catalogue}", ["problem"], [[problem] for problem in found])
        return
    partitions = loaded.partitions()
    rows = [(doc_type, sum(1 for p in partitions if p.doc_type == doc_type)) for doc_type in loaded.types]
    print_table(f"{settings.catalogue}: no problem", ["type", "partitions"], rows)


@dataclass(frozen=True, slots=True)
class _Compared:
    """What is live and left the catalogue, and fronts of crates that it lacks; or why no database could be asked."""

    left: list[LeftPartition] | None = None
    fronts: list[CrateFront] | None = None
    reason: str | None = None


def _compared(settings: Settings, catalogue: Catalogue) -> _Compared:
    if settings.database_url is None and not has_data(settings.home):
        return _Compared(reason="there is no database yet")
    try:
        with (
            open_for_reading(settings) as store,
            store.reading("doc-assets catalogue check") as reading,
        ):
            return _Compared(left_catalogue(reading, catalogue), crate_fronts(reading, catalogue))
    except (DocAssetsError, DatabaseError) as error:
        return _Compared(reason=str(error).strip().splitlines()[0])
