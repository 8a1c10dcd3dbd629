"""Tests of ``doc_assets.formats.rst``."""
