"""Notebooks that jupytext stores as text: MyST and Markdown, and scripts with cells."""
