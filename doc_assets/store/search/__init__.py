"""Ranking in SQL: by words, by meaning, with filters, over the snapshots that a search asks for."""
