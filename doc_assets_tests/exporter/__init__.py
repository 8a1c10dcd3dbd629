"""Metrics, alert rules and progress on Jobs, on a real database."""
