"""Tests of ``doc_assets.embedding.backends``."""
