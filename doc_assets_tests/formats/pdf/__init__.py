"""Tests of the package ``formats.pdf``."""
