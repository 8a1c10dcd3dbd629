"""Tests of ``doc_assets.serving.sources``."""
