"""Tests of ``doc_assets.serving.page``."""
