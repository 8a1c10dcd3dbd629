"""Loads in processes of their own, what happens to them, and what must hold afterwards."""
