"""The life of a snapshot: opened, filled in batches, sealed, published, rejected or discarded."""
