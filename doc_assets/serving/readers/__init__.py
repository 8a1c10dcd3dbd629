"""Reader processes: several processes answer searches, so that each has a core of its own.

One process, the server's, speaks HTTP: guards, rates, cursors, metrics and MCP sessions are there alone, and so hold
for all readers. It hands each search to a reader that is free (``pool``), which answers it in a process of its own
(``process``) over an index that one more process reads and all map (``index``).

uvicorn's own processes (``--workers``) were weighed: each has its own rates, counts and MCP sessions, a connection
stays with the process that accepted it however busy that is, and they outlive a parent that is killed.
"""
