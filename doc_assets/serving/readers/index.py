"""The process that reads what is live into the index that all readers map."""

from __future__ import annotations

from contextlib import suppress
from multiprocessing.connection import Connection

from doc_assets.search.live_index.sharing import PublishedIndex
from doc_assets.serving.readers.process import ReaderSettings, begin_child
from doc_assets.store.database.connection import Store
from doc_assets.store.database.reader_pool import ReaderPool


def keep_index(connection: Connection, given: ReaderSettings) -> None:
    """Send each state of the index, until the other end is closed; whatever comes from there asks for a newer one."""
    begin_child()
    with ReaderPool(Store(given.url), "doc-assets index", 1) as store:
        index = PublishedIndex(store, given.settings.index_bytes, connection.send)
        index.begin()
        with suppress(EOFError, ConnectionError):
            while True:
                connection.recv()
                index.refresh()
