"""Text of PDF files.

``reading`` gets lines with their places from pdfium, ``layout`` puts them into reading order without running heads,
``structure`` makes headings, paragraphs, lists, tables and listings of them.
"""
