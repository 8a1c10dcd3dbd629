"""Quarto documents and R Markdown, with knitr's chunks, Pandoc's dialect and bookdown's references."""
