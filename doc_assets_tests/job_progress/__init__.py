"""Tests of ``doc_assets.job_progress``."""
