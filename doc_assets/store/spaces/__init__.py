"""Embedding spaces: their tables, vectors, vector index, and which chunks each lacks."""
