"""Rounds: sources change, a load begins, something dies, and what is left is looked at and gone on with.

Everything that is random comes from one seed; a round that fails says which. What may happen is in ``faults``, what
must hold after it in ``proof``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from doc_assets.store.database.connection import Store
from doc_assets.store.schema import schema
from doc_assets_tests.support.crashes import proof
from doc_assets_tests.support.crashes.changing_sources import PAGE_CHUNKS, Shelves, seeded
from doc_assets_tests.support.crashes.faults import PATIENT, Strike
from doc_assets_tests.support.crashes.loads import BATCH_CHUNKS, Child, Order
from doc_assets_tests.support.crashes.readers import Reader
from doc_assets_tests.support.crashes.server import CrashingServer
from doc_assets_tests.support.crashes.trace import Told
from doc_assets_tests.support.disks import SmallDisk

# Embedded and not committed when a load dies, at most: a batch that is being written, one that waits, and one that is
# being embedded; the last page of a batch goes over its size.
_IN_FLIGHT = 3 * (BATCH_CHUNKS + PAGE_CHUNKS)
_SECONDS = 120.0


@dataclass(frozen=True)
class Round:
    """What was seen.

    Attributes:
        at: The stage that had begun last and was under way, or ``between`` two; ``over`` if the load was faster.
        outcome: What became of the load: ``killed``, ``published``, or the errors that it ended with.
        published: Partitions that the struck load still published.
        resumed: Staging snapshots that were left behind and gone on with.
        lost: Chunks that were embedded and not committed.
        again: Chunks that were embedded twice in the round.
        retries: Steps that the struck load tried again.
    """

    number: int
    strike: Strike
    at: str
    outcome: str
    published: int
    resumed: int
    lost: int
    again: int
    retries: int
    seconds: float


class Trial:
    """A database, sources and a reader, through any number of rounds.

    Example:
        >>> with CrashingServer() as server, Trial(server, folder, seed=7) as trial:
        ...     print(trial.round(1, "kill"))
    """

    def __init__(
        self,
        server: CrashingServer,
        folder: Path,
        seed: int,
        *,
        sources: int = 2,
        pages: int = 6,
        pause: float = 0.01,
        disk: SmallDisk | None = None,
    ) -> None:
        """Loads everything once, so that there is something to lose.

        Args:
            server: Will be stopped and started.
            folder: For sources and traces.
            seed: Decides everything.
            sources: How many there are.
            pages: Of each.
            pause: Seconds that each stage takes longer.
            disk: The server's folder is on it; needed to fill it.
        """
        self._disk = disk
        self._server = server
        self._folder = folder
        self._seed = seed
        self._pause = pause
        self._children: list[Child] = []
        names = tuple(f"shelf-{n}" for n in range(sources))
        self._shelves = Shelves(folder / "shelves", names, pages, seeded(seed, "shelves"))
        self._uninterrupted = proof.Uninterrupted(server, folder)
        url = server.database()
        schema.upgrade(url)
        self.store = Store(url)
        self._start().end(_SECONDS)
        self.reader = Reader(url)

    def close(self) -> None:
        """Ends the reader, and the loads that a round which failed has left, stopped or not."""
        for child in self._children:
            child.kill()
        self.reader.close()

    def __enter__(self) -> Trial:
        """The trial itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()

    def round(self, number: int, kind: str) -> Round:
        """Strikes once, looks, and goes on to the end.

        Raises:
            AssertionError: Something does not hold; names the seed and the round.
        """
        strike = Strike.drawn(seeded(self._seed, number), kind, self._pause)
        started = time.perf_counter()
        try:
            found = self._round(strike)
        except AssertionError as error:
            raise AssertionError(f"seed {self._seed}, round {number}, {strike}: {error}") from error
        return Round(number, strike, seconds=time.perf_counter() - started, **found)

    def _round(self, strike: Strike) -> dict:
        self._shelves.edit()
        load = self._start(strike.attempts)
        at = self._strike(load, strike)
        proof.require_sound(self.store, load.told)
        struck = [load.told, *self._gone_on(load, strike)]
        # Nobody writes now: what is committed must not be embedded again, and what was left behind is gone on with.
        held, left = proof.committed_chunks(self.store), proof.staging(self.store)
        lost = {chunk for told in struck for chunk in told.embedded()} - held
        assert len(lost) <= _IN_FLIGHT, f"{len(lost)} embedded chunks were lost"
        if strike.edited:
            self._shelves.edit(0.1)
        last = self._start().end(_SECONDS)
        again = held.intersection(last.embedded())
        assert not again, f"{len(again)} chunks that were committed were embedded again"
        resumed = _require_resumed(left, last)
        self._require_finished([*struck, last])
        embedded = [chunk for told in (*struck, last) for chunk in told.embedded()]
        outcomes = load.told.outcomes().values()
        return {
            "at": at,
            "outcome": "killed" if strike.kills else "+".join(sorted({o["result"] for o in outcomes})),
            "published": sum(o["result"] == "published" for o in outcomes),
            "resumed": resumed,
            "lost": len(lost),
            "again": len(embedded) - len(set(embedded)),
            "retries": sum(o.get("retries", 0) for o in outcomes),
        }

    def _strike(self, load: Child, strike: Strike) -> str:
        """Waits for the moment and strikes; the stage that was hit."""
        reached = load.told.wait_for(strike.stage, strike.nth, lambda: load.alive, _SECONDS)
        time.sleep(strike.delay)
        going = load.told.stages()
        strike.hit(load, self._server, self.store.url, seeded(self._seed, strike), self._disk)
        if strike.kills:
            going = load.told.stages()
        return (going[-1] if going else "between") if reached else "over"

    def _gone_on(self, load: Child, strike: Strike) -> list[Told]:
        """Lets the struck load come to its end, if it lives; what others told that worked meanwhile."""
        if strike.kills:
            return []
        if strike.kind != "take over":
            load.end(_SECONDS)
            _require_outcomes(load.told, outlasted=strike.outlasted)
            return []
        return [self._taken_over(load, strike)]

    def _taken_over(self, load: Child, strike: Strike) -> Told:
        """Another load works while the first is stopped; the first then finds that it has lost its partition."""
        partition = load.told.of("partition")[-1]["partition"]
        leased = load.told.lease_of(partition)
        acknowledged = partition in load.told.outcomes()
        if leased is not None:
            self._shelves.edit(1.0)  # no page stays what the first load has read: one that it still wrote would show
        other = self._start(partition=partition)
        if strike.meanwhile and other.told.wait_for("parse", 1, lambda: other.alive, _SECONDS):
            other.stop()
            load.go_on()
            load.end(_SECONDS)
            other.go_on()
        told = other.end(_SECONDS)
        load.go_on()
        load.end(_SECONDS)
        result = load.told.outcomes()[partition]
        if leased is not None and not acknowledged and result["result"] == "published":
            # It had committed that, and was stopped before it could read so; the other one came after it.
            assert result["snapshot"] == leased, f"{partition}: {result} by a load that had lost its lease"
        elif leased is not None and not acknowledged:
            assert result["result"] in ("LeaseLost", "PartitionLocked", "PartitionRetaken"), result
        # Looked at now, since the next load would mend it.
        wanted = self._uninterrupted.digests(self._shelves, partition)
        made = told.outcomes()[partition]
        assert made["digest"] == wanted[partition], f"what was written after the loss of the lease stands in {made}"
        return told

    def _require_finished(self, loads: list[Told]) -> None:
        """Everything is loaded, live, sound, and what an uninterrupted load makes of the same sources."""
        last = loads[-1].outcomes()
        assert {o["result"] for o in last.values()} <= {"published", "unchanged"}, last
        proof.require_sound(self.store, *loads)
        for told in loads:
            assert len(set(told.embedded())) == len(told.embedded()), f"{told.path} embedded a chunk twice"
        digests = proof.live_digests(self.store)
        wanted = self._uninterrupted.digests(self._shelves)
        assert digests == wanted, f"{digests} instead of {wanted}"
        assert not self.reader.wrong, self.reader.wrong[:5]

    def _start(self, attempts: int = PATIENT, partition: str | None = None) -> Child:
        name = f"load-{len(self._children) + 1}"
        trace = self._folder / f"{name}.trace"
        only = (partition,) if partition else ()
        url, catalogue = self.store.url, self._shelves.catalogue_path
        order = Order(catalogue, url, self._folder / "home", trace, name, only, self._pause, attempts)
        child = Child(order)
        self._children.append(child)
        return child


def _require_outcomes(told: Told, *, outlasted: bool) -> None:
    """Each partition was loaded, or says in a sentence why not."""
    outcomes = told.outcomes()
    for partition, outcome in outcomes.items():
        if outcome["result"] in ("published", "unchanged"):
            continue
        assert not outlasted, f"{partition} did not outlast it: {outcome}"
        assert outcome["result"] in ("StoreError", "StoreUnavailable", "StoreUnreachable"), f"{partition}: {outcome}"
    assert len(outcomes) == len(told.of("partition"))


def _require_resumed(left: dict[str, int], last: Told) -> int:
    """What a dead load left in staging was gone on with; how often."""
    outcomes = last.outcomes()
    for partition, snapshot_id in left.items():
        result = outcomes[partition]
        assert result["result"] == "unchanged" or result.get("snapshot") == snapshot_id, (
            f"{partition}: snapshot {snapshot_id} was left behind, and {result} made in its place"
        )
    return sum(outcomes[partition]["result"] == "published" for partition in left)
