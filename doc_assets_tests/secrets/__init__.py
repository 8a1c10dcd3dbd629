"""Tests of ``doc_assets.secrets``."""
