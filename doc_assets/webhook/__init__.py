"""Pushes to git servers: a request over HTTP becomes loads of the partitions whose source was pushed to.

``signatures`` says who may send, ``pushes`` what was pushed, ``application`` answers, ``server`` runs it. What is to be
loaded goes into the history (``doc_assets.store.history.requests``), where Dagster's sensor ``pushes`` finds it: no run
is started here.
"""
