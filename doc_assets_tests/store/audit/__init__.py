"""Tests of ``doc_assets.store.audit``."""
