"""The report of a run as one HTML page, made from what the database holds of it (``doc_assets.store.versions.runs``).

``report`` is the way in. ``figures``, ``course``, ``bounds`` and ``mending`` are pure and draw nothing: the summary at
the end of ``doc-assets migrate`` uses the last two as well. Plots are drawn in ``plots``, the page is made in ``page``.
"""
