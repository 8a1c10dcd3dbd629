"""Tests of ``doc_assets.metadata``."""
