"""Tests of ``doc_assets.doctor``."""
