"""The audit's queries: they read many snapshots at once and return the rows that break a rule; nothing is changed.

``rules`` is the table of all rules; ``manifests``, ``documents``, ``chunks`` and ``near_duplicates`` hold the queries
by subject, ``consistent_read`` the state of the database that they read, ``precedence`` reports each damaged row once.
The six checks are in ``doc_assets.validation.audit``.
"""
