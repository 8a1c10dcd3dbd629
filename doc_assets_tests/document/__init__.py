"""Tests of ``doc_assets.document``."""
