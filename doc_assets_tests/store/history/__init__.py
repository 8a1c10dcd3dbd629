"""Tests of ``doc_assets.store.history``."""
