"""Tests of ``doc_assets.store.search``."""
