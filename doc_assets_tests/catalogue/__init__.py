"""Tests of ``doc_assets.catalogue``."""
