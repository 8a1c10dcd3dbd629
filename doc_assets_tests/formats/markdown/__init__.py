"""Tests of ``doc_assets.formats.markdown``."""
