"""Tests of ``doc_assets.runtime``."""
