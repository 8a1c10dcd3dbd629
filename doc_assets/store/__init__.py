"""PostgreSQL: all SQL of the program, in packages that import only from those named before them (``pyproject.toml``).

``schema`` creates and opens the store, ``database`` connects and locks, ``partitions`` and ``spaces`` hold partitions
and embedding spaces, ``history`` records events, ``audit`` finds rows that break a rule, ``snapshots`` writes and
publishes, ``versions`` compares and rolls back, ``search`` ranks, ``retention`` removes.
"""
