"""Tests of ``doc_assets.ingest``."""
