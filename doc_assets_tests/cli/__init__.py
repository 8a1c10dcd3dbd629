"""Tests of ``doc_assets.cli``."""
