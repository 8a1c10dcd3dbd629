"""Connections, locks and retries: what every statement needs."""
