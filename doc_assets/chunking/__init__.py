"""Cuts a document along its structure into chunks that fit the model's window.

``chunker`` cuts, ``breadcrumbs`` writes the title and headings above each chunk's text. Parsing is in
``doc_assets.formats``; the model's input is ``embedding_input`` in ``doc_assets.document``.
"""
