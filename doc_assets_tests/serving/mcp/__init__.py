"""Tests of ``doc_assets.serving.mcp``."""
