"""Tests of ``doc_assets.report``."""
