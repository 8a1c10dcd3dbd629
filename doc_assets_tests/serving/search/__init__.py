"""Tests of ``doc_assets.serving.search``."""
