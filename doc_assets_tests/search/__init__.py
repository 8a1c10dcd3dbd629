"""Tests of ``doc_assets.search``."""
