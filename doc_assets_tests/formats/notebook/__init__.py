"""Tests of ``doc_assets.formats.notebook``."""
