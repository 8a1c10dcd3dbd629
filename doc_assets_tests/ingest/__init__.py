"""Loads: what is read, parsed, committed, tried again and published."""
