"""Tests of ``doc_assets.formats.html``."""
