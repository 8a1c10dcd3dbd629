"""Tests of ``doc_assets.formats.rustdoc``."""
