"""Imported once by the server that forks the loads: what each of them would spend half a second on."""

import gc

from doc_assets import formats
from doc_assets.embedding.space import describe_space
from doc_assets_tests.support.crashes import loads

describe_space(loads.settings_for_loads())
formats.format_versions()
gc.freeze()  # a child's collections would go through all of it, and copy its pages
