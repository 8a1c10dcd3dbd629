"""Answers to searches: the versions that are searched, and hits under a budget; ranking is in ``doc_assets.search``."""
