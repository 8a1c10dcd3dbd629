"""Tests of ``doc_assets.exporter``."""
