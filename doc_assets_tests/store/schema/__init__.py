"""Tests of ``doc_assets.store.schema``."""
