"""Ranking in SQL by words and by vectors, with filters on metadata, over live or earlier snapshots."""
