"""``doc-assets settings``: every setting with its value and where that is from."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from doc_assets.cli.output import JSON_OPTION, print_error, print_json, print_note, print_table
from doc_assets.cli.partition_options import CATALOGUE_OPTION
from doc_assets.settings.layers import FILE, Layers, set_by_flags
from doc_assets.settings.reference import held


def settings(catalogue: Path | None = CATALOGUE_OPTION, as_json: bool = JSON_OPTION) -> None:
    """Print each setting, its value, and where that is from; a secret is shown as ***.

    Flags go before the environment (DOC_ASSETS_…), that before doc-assets.toml, that before defaults. Exit 1 if a value
    is not allowed.
    """
    if catalogue is not None:
        set_by_flags({"DOC_ASSETS_CATALOGUE": str(catalogue.absolute())})
    layers = Layers.of()
    found = held(layers)
    file = layers.file and str(layers.file.path)
    if as_json:
        print_json({"file": file, "settings": [asdict(one) for one in found]})
    else:
        rows = [(one.key or one.variable, one.value, one.origin) for one in found]
        print_table(f"settings, of {file or f'no {FILE}'}", ["setting", "value", "from"], rows)
        print_note("in the environment a setting is named DOC_ASSETS_ and its name in capitals; docs/settings.md")
    for one in found:
        if one.problem:
            print_error(one.problem)
    if any(one.problem for one in found):
        raise typer.Exit(1)
