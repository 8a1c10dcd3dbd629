"""Tests of ``doc_assets.formats.asciidoc``."""
