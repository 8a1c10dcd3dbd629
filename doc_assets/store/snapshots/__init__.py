"""The life of a snapshot: opened, written in batches, sealed, published, rejected or discarded."""
