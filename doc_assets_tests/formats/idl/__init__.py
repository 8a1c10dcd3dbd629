"""Tests of ``doc_assets.formats.idl``."""
