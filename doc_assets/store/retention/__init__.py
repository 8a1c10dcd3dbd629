"""Retention policy, garbage collection, and maintenance of tables and vector indexes."""
