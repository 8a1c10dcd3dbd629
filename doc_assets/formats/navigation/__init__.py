"""Where a page stands in its site's navigation: the titles above it, its number and order, its title there.

One module reads each kind of navigation; ``finding`` tries them. Each gets a ``page``: its path and the folders above
it. ``tables`` holds tables of contents of one file, ``data`` reads YAML, JSON and literals of scripts. Of other pages
only titles are read.
"""
