"""Snapshots over time: lists, differences, what was live at a moment, rollback and change of embedding space."""
