"""Where documents come from: fetching a source to this machine, listing its files and reading their bytes.

``fetch`` makes a source's files present (``directory``, ``archive``, ``git``, ``crate`` by kind, ``cache`` keeps them),
``walk`` lists and reads them, ``discovery`` sorts them for a load, ``upstream_revision`` asks whether a source has
changed, ``preflight`` checks a catalogue's sources. Parsing is in ``doc_assets.formats``. Nothing here executes what
it fetched or reads outside a root.
"""
