"""What assets, jobs and schedules say of a type beside its name: owners, tags, sources, table, where the code is."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from doc_assets.catalogue import Catalogue
from doc_assets.dagster.markdown_tables import Link, table

TABLE = "doc_assets.live_document"
_SOURCES_SHOWN = 50


@contextmanager
def beta() -> Iterator[None]:
    """Silence Dagster's note on code references, which are in beta in 1.13."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        yield


def owners(catalogue: Catalogue, doc_type: str) -> Sequence[str] | None:
    """Return the owners that the catalogue names, None without any."""
    return catalogue.types[doc_type].owners or None


def asset_tags(catalogue: Catalogue, doc_type: str) -> dict[str, str]:
    """Return one tag for each kind of source, to select assets by: ``source_kind/git``."""
    return {f"source_kind/{source.kind}": "" for source in catalogue.types[doc_type].sources}


def job_tags(doc_type: str | None, does: str) -> dict[str, str]:
    """Return the tags of a job, which its runs get too: to filter the list of runs by."""
    return {"doc_assets/does": does, **({"doc_assets/type": doc_type} if doc_type else {})}


def asset_metadata(catalogue: Catalogue, doc_type: str, code: str) -> dict[str, dg.RawMetadataValue]:
    """Return the table that holds the documents, the type's sources with links to their pages, and the code."""
    sources = catalogue.types[doc_type].sources
    rows = [
        (one.name, one.kind, str(one.shards), one.licence or "", Link(one.base_url) if one.base_url else "")
        for one in sources[:_SOURCES_SHOWN]
    ]
    more = f"\n\n… and {len(sources) - _SOURCES_SHOWN} more" if len(sources) > _SOURCES_SHOWN else ""
    return {
        "dagster/table_name": TABLE,
        "sources": dg.MetadataValue.md(table(["source", "kind", "shards", "licence", "published at"], rows) + more),
        **code_references(code, *_entry(catalogue, doc_type)),
    }


def code_references(code: str, *others: dg.LocalFileCodeReference) -> dict[str, dg.RawMetadataValue]:
    """Return the references of a definition: the module that makes it, and others."""
    with beta():
        module = dg.LocalFileCodeReference(file_path=code, label="definition")
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[module, *others])}


def _entry(catalogue: Catalogue, doc_type: str) -> Iterator[dg.LocalFileCodeReference]:
    """Yield the type's place in the catalogue's file, if that is where it comes from."""
    if catalogue.path is None or not Path(catalogue.path).is_file():
        return
    entry = re.compile(rf"""\s+["']?{re.escape(doc_type)}["']?\s*:""")
    lines = Path(catalogue.path).read_text(encoding="utf-8-sig").splitlines()
    line = next((number for number, text in enumerate(lines, 1) if entry.match(text)), None)
    with beta():
        yield dg.LocalFileCodeReference(file_path=str(catalogue.path), line_number=line, label="catalogue")
