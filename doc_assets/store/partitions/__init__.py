"""Partitions as the store knows them: their rows, and the lock that one load at a time holds."""
