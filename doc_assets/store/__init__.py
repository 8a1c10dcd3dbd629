"""PostgreSQL: the only room that holds SQL.

``schema`` sets the database up and opens it, ``database`` connects and locks, ``partitions`` and ``spaces`` hold what
content hangs on, ``history`` remembers, ``audit`` finds what is wrong, ``snapshots`` writes and publishes, ``versions``
compares and goes back, ``search`` ranks, ``retention`` removes. A room imports from those named before it only, as
``pyproject.toml`` states.
"""
