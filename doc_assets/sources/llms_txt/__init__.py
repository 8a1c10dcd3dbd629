"""The pages that a site lists in its llms.txt: asked one by one with what is kept of them, and laid out as a tree.

``listing`` decides which links are pages of the source, ``addresses`` which hosts are contacted and where a page lies,
``asking`` sends the requests, ``kept`` holds the copies between fetches, ``fetching`` makes the tree. The index itself
is read in ``doc_assets.formats.navigation.llms_index``.
"""
