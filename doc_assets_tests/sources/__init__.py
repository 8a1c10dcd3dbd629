"""Tests of ``doc_assets.sources``."""
