"""Tests of ``doc_assets.formats.quarto``."""
