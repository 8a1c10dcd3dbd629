"""An index of all live chunks in memory, for processes that search again and again.

PostgreSQL is the truth: the index is read from it, each search asks it which snapshots are live, and answers where the
index does not hold exactly these.
"""
