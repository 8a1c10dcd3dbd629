"""Validation: stored rows are compared with their checksums, counts, sources and model.

``audit`` runs the six checks on snapshots; ``validate`` audits everything live or a choice and records it in the
history; ``source_comparison`` reads the sources again, ``vector_sampling`` embeds a sample again.
"""
