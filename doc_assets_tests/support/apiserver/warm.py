"""Imported last by the process that forks the programs of pods."""

import gc

from doc_assets import formats

formats.format_versions()  # imports all of them
gc.freeze()  # a child's collections would go through all of it, and copy its pages
