"""Markdown and MDX, in the dialects of the tools that documentation is written for.

``format`` holds both formats; the other modules each undo one thing that a tool adds to Markdown: ``mdbook`` and
``mdbook_includes``, ``partials`` and ``includes``, ``dialects``, ``inline_marks``, ``jsx``, ``raw_html``.
"""
