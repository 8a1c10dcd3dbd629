"""Tests of ``doc_assets.formats.jupytext``."""
