"""Tests of ``doc_assets.chunking``."""
