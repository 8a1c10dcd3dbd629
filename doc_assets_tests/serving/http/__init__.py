"""Tests of ``doc_assets.serving.http``."""
