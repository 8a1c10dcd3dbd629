"""Moves technical documentation into PostgreSQL + pgvector: parsed, chunked, embedded, validated, searchable."""

__version__ = "0.1.0"
