"""Tests of the package ``sources.llms_txt``."""
