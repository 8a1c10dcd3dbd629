"""Tests of ``doc_assets.validation``."""
