"""Tests of ``doc_assets.network``."""
