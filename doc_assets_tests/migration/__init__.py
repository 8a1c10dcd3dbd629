"""The load of a partition, on a real PostgreSQL."""
