"""Tests of doc_assets, in the same folders as the package."""
