"""What may go and what must stay: retention policy, garbage collection, upkeep of indexes."""
