"""Partitions in the store: their rows and locks, and the session in which a load works on one."""
