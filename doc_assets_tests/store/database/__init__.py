"""Tests of ``doc_assets.store.database``."""
