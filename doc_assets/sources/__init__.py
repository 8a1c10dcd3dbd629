"""Where documents come from: how a source is made present on this machine, and what stands in it.

``fetch`` makes a source's files present (``directory``, ``archive``, ``git``, ``crate`` by kind, ``cache`` keeps them),
``walk`` lists them and reads their bytes, ``discovery`` sorts them for a load. ``upstream_revision`` asks a source
whether it moved, ``preflight`` says what is wrong with a catalogue's sources. What the bytes mean is in
``doc_assets.formats``. Nothing here executes what it fetched or reads outside a root.
"""
