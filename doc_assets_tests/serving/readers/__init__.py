"""Tests of ``doc_assets.serving.readers``."""
