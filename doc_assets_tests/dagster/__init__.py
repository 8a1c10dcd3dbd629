"""Tests of ``doc_assets.dagster``."""
