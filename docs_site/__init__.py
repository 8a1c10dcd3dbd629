"""The documentation as a site, and its pages that are made of the code; ``make docs`` runs it.

``reference`` makes pages, ``build`` lays out what the site is built of and builds it.
"""
