"""Kubernetes end to end: launcher, run pods, plain Jobs and roles, against a test API server."""
