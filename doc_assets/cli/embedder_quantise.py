"""``doc-assets embedder quantise``: measure the int8 scales of the configured model, once for all machines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import typer

from doc_assets.cli.output import JSON_OPTION, print_json, print_note
from doc_assets.document import embedding_input
from doc_assets.embedding.int8_scales import file_name, write_scales
from doc_assets.embedding.opening import measure_scales
from doc_assets.embedding.space import describe_space
from doc_assets.errors import Misuse
from doc_assets.settings import Settings
from doc_assets.store.schema.opening import open_for_reading


def quantise(
    sample: int = typer.Option(300, min=1, metavar="N", help="Chunks to measure, drawn at random."),
    folder: Path | None = typer.Option(
        None, metavar="DIR", help="Parse and chunk documents of this folder, instead of the chunks that are live."
    ),
    into: Path | None = typer.Option(
        None, metavar="DIR", help="Write the file into this folder, instead of models below DOC_ASSETS_HOME."
    ),
    seed: int = typer.Option(0, help="Seed of the random sample."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Measure what the model's activations range over, and write the int8 scales that other machines share."""
    settings = Settings.from_environment()
    target = into or settings.home / "models"
    in_fp32 = replace(settings, embedding_backend="openvino", embedding_precision="fp32")
    if (path := target / file_name(describe_space(in_fp32).weights_sha256)).exists():
        raise Misuse(
            f"{path} holds scales already, without which a space that was embedded with them can be neither searched "
            "nor loaded into: move it away first, or name another folder with --into"
        )
    if folder is not None:
        from doc_assets.ingest.folder_sample import sample_folder

        chunks = [(chunk.breadcrumb, chunk.text) for chunk in sample_folder(folder, settings, sample, seed)]
    else:
        from doc_assets.search.embedder_check import sample_live

        with open_for_reading(settings) as store:
            chunks = [(chunk.breadcrumb, chunk.text) for chunk in sample_live(store, sample, seed)[1]]
    scales = measure_scales(settings, [embedding_input(breadcrumb, text) for breadcrumb, text in chunks])
    path = write_scales(scales, target)
    if as_json:
        print_json({"file": str(path), "digest": scales.digest, "chunks": len(chunks)})
        return
    print_note(
        f"{path}: int8 scales {scales.digest[:12]}… of {settings.embedding_model}, from {len(chunks):,} chunks. Copy "
        "it to each machine that loads or searches; DOC_ASSETS_EMBEDDING_PRECISION=int8 doc-assets embedder check "
        "compares them with fp32"
    )
