"""PostgreSQL: the only room that holds SQL.

``connection`` and ``schema`` open and check the database, ``embedded`` runs one, ``spaces`` and ``staging`` write
content, ``snapshots`` publishes and rolls back, ``search`` reads, ``history`` remembers.
"""

from doc_assets.store.connection import Store, open_store

__all__ = ["Store", "open_store"]
