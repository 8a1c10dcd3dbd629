"""What Dagster loads: ``defs``, for the catalogue that the environment names. ``dagster.build`` says what is in it."""

from doc_assets.dagster.build import build_defs

defs = build_defs()
