"""Tests of the native formats."""
