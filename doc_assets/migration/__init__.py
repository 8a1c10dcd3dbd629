"""The load of one partition: discover, parse, chunk, embed and stage, resumable at every batch; then publish or reject.

``loader`` is what callers use, ``filling`` runs the overlapping stages of one load, ``writing`` commits its batches.
The audit between staging and publishing is ``doc_assets.audit``; running many partitions is ``doc_assets.dagster``.
"""

from doc_assets.migration.loader import Loader, StagedLoad, Survey
from doc_assets.migration.result import LoadResult
from doc_assets.recipe import recipe_version

__all__ = ["LoadResult", "Loader", "StagedLoad", "Survey", "recipe_version"]
