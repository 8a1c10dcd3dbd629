"""Tests of ``doc_assets.store.retention``."""
