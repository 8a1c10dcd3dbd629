"""A reader that looks all the while, each time at one state of the database, and writes down what must not be."""

from __future__ import annotations

import threading
from collections import defaultdict
from types import TracebackType

import psycopg
from psycopg import sql

from doc_assets.store.spaces.spaces import table_of

APPLICATION = "reader"
_WAIT_SECONDS = 0.02

# What is live, recomputed from the rows that readers are shown, and what the history says of it.
_LIVE = """
SELECT p.name, s.id, s.status, s.digest = snapshot_digest(s.id) AND s.seal = snapshot_seal(s.id),
    s.documents = (SELECT count(*) FROM live_document l WHERE l.snapshot_id = s.id),
    s.chunks = (SELECT count(*) FROM live_chunk l WHERE l.snapshot_id = s.id),
    s.id = (SELECT to_snapshot FROM publication m WHERE m.partition_id = p.id ORDER BY m.id DESC LIMIT 1),
    s.space_id
FROM partition p JOIN snapshot s ON s.id = p.published_snapshot_id ORDER BY 1
"""
_WITHOUT_VECTOR = """
SELECT count(*) FROM live_chunk l
WHERE l.space_id = {} AND NOT EXISTS (SELECT FROM {} e WHERE e.chunk_id = l.chunk_id)
"""
_SOUND = ("published", True, True, True, True)


class Reader:
    """A thread that polls until it is closed.

    Attributes:
        polls: How often what is live was recomputed.
        seen: By partition, the snapshots that were live when it looked.
        wrong: What was seen and must not be.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._over = threading.Event()
        self.polls = 0
        self.wrong: list[str] = []
        self.seen: dict[str, set[int]] = defaultdict(set)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends it."""
        self._over.set()
        self._thread.join(30)

    def __enter__(self) -> Reader:
        """The reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()

    def _read(self) -> None:
        last: dict[str, int] = {}
        while not self._over.is_set():
            try:
                with connected(self._url) as connection:
                    while not self._over.is_set():
                        self._look(connection, last)
                        self._over.wait(_WAIT_SECONDS)
            except psycopg.OperationalError:
                self._over.wait(0.1)  # the server is down, or has just cut us off
            except BaseException as error:
                self.wrong.append(f"a reader failed: {type(error).__name__}: {error}")
                raise

    def _look(self, connection: psycopg.Connection, last: dict[str, int]) -> None:
        with connection.transaction():
            rows = connection.execute(_LIVE).fetchall()
            for space_id in {row[-1] for row in rows}:
                query = sql.SQL(_WITHOUT_VECTOR).format(sql.Literal(space_id), table_of(space_id))
                (lacking,) = connection.execute(query).fetchone() or (None,)
                if lacking != 0:
                    self.wrong.append(f"{lacking} live chunks have no vector")
        for partition, snapshot_id, *state, _space in rows:
            if tuple(state) != _SOUND:
                self.wrong.append(f"{partition} at snapshot {snapshot_id} is {state}")
            # Nothing is rolled back here, so the pointer only ever moves on, across crashes as well.
            if snapshot_id < last.get(partition, 0):
                self.wrong.append(f"{partition} went back from snapshot {last[partition]} to {snapshot_id}")
            last[partition] = snapshot_id
            self.seen[partition].add(snapshot_id)
        if lost := last.keys() - {row[0] for row in rows}:
            self.wrong.append(f"nothing is live any more in {', '.join(sorted(lost))}")
        self.polls += 1


def connected(url: str) -> psycopg.Connection:
    """A connection whose transactions see one state of the database throughout."""
    connection = psycopg.connect(url, autocommit=True, application_name=APPLICATION, connect_timeout=10)
    connection.execute("SET search_path = doc_assets, public")
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection
