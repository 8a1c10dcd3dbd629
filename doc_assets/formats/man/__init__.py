"""Manual pages in roff, with the macros of man(7) and mdoc(7).

``requests`` reads roff's lines and executes what decides what is read (definitions, conditions, includes), ``escapes``
makes text of them. ``man_macros`` and ``mdoc_macros`` turn macros into what a ``writer`` collects; ``tables`` reads
those of tbl, ``facts`` the head.
"""
