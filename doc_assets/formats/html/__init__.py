"""Whole HTML pages: the main content of documentation sites and rendered books, without navigation and chrome."""
