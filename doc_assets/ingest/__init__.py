"""The load of one partition: discover, parse, chunk, embed and stage, resumable at every batch; then publish or reject.

``loader`` is what callers use, ``load_run`` runs the overlapping stages of one load, ``batches`` commits them,
``parse_pool`` reads files in worker processes. The audit between staging and publishing is in
``doc_assets.validation``; running many partitions is in ``doc_assets.dagster``.
"""
