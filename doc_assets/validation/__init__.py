"""Validation: what is stored is read again and compared with its checksums, counts, sources and model.

``audit`` runs the six checks over snapshots, before publication and on request; ``validate`` is the use case with its
history; ``source_comparison`` reads the sources again, ``vector_sampling`` embeds a sample again.
"""
