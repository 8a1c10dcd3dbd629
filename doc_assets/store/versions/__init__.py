"""Snapshots side by side: lists, differences, what was live at a time, rollback and change of embedding space."""
