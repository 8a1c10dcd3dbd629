"""Tests of ``doc_assets.formats.openapi``."""
