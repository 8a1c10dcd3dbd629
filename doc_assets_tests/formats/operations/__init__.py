"""Tests of ``doc_assets.formats.operations``."""
