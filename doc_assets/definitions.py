"""The code location that Dagster loads: ``defs`` for the catalogue of the environment, built by ``dagster.build``."""

from doc_assets.dagster.build import build_defs

defs = build_defs()
