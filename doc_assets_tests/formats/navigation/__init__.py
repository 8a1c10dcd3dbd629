"""Tests of the package ``formats.navigation``."""
