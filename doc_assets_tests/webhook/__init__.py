"""Tests of ``doc_assets.webhook``."""
