"""The load of one partition: discover, parse, chunk, embed and stage, resumable at every batch; then publish or reject.

``loader`` is the entry, ``load_run`` runs the overlapping stages of one load, ``batches`` commits batches,
``parse_pool`` parses files in worker processes. The audit between staging and publishing is in
``doc_assets.validation``; loads of many partitions are in ``doc_assets.dagster``.
"""
