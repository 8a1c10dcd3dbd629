"""Jupyter notebooks: cells as text and code, outputs as what a reader sees of them."""
