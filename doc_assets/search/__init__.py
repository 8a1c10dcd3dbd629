"""Search over live or earlier snapshots, near duplicates folded into one result, and evaluation of search."""
