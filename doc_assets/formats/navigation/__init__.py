"""Where a page stands in its site's navigation: the titles above it, its number and order, its title there.

One module reads each kind of navigation; ``finding`` tries them. ``page`` is what each gets: a page and the folders
above it. ``tables`` holds the tables of contents that one file lists, ``data`` reads YAML, JSON and literals of scripts.
Text of pages is not read here, except for titles.
"""
