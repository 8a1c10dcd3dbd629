"""The audit's SQL: queries over many snapshots at once that return the rows that are wrong; nothing here changes any.

``consistent_read`` gives all queries one state of the database; ``manifests``, ``documents``, ``chunks`` and
``near_duplicates`` hold the queries by subject; ``precedence`` reports each damaged row once. Which rule belongs to
which check is in ``doc_assets.validation.validate.audit``.
"""
