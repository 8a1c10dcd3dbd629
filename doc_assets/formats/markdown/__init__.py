"""Markdown and MDX in the dialects of documentation tools.

``format`` holds both formats; each other module handles one addition of a tool to Markdown.
"""
