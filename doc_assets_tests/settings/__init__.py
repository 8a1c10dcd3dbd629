"""Tests of ``doc_assets.settings``."""
