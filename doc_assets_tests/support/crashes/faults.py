"""The ways in which a load, its connections or its server die, and when."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

import psycopg

from doc_assets_tests.support.crashes.loads import STAGES, Child
from doc_assets_tests.support.crashes.server import CrashingServer
from doc_assets_tests.support.disks import SmallDisk

KINDS = ("kill", "server", "cut all", "cut one", "take over", "kill both")
FULL_DISK = "full disk"  # for servers whose folder is on a disk that can be filled

# Attempts, 0.3 s apart: enough for a server that restarts on a machine with other work; enough to connect again, and
# not to wait for a partition that another load has; too few for a restart.
PATIENT = 200
_BRIEF = 4
_TOO_FEW = 2


@dataclass(frozen=True)
class Strike:
    """What happens, and when: so many seconds after a stage has begun for the nth time in the load.

    Attributes:
        kind: ``kill``: SIGKILL for the load. ``server``: immediate shutdown of PostgreSQL, and a start. ``kill both``:
            both. ``cut all``, ``cut one``: the load's connections, or one of them, are cut by the server. ``take
            over``: the load is stopped, loses its connections, and goes on while or after another did its work. ``full
            disk``: nothing can be written for a while, neither rows nor log; then the server is started anew.
        stage: One of ``STAGES``.
        attempts: How often the load tries each step.
        edited: The sources change again before the next load, or before the one that takes over.
        meanwhile: A stopped load goes on, and ends, while the one that took over is at work; else after it.
    """

    kind: str
    stage: str
    nth: int
    delay: float
    attempts: int
    edited: bool
    meanwhile: bool

    @classmethod
    def drawn(cls, rng: random.Random, kind: str, pause: float) -> Strike:
        """At a random moment, in any stage as likely as in any other; ``pause`` is what a stage takes at least."""
        stage = rng.choice(STAGES)
        return cls(
            kind,
            stage,
            nth=rng.randint(1, 9 if stage in ("parse", "embed", "write") else 2),
            delay=rng.uniform(0, 2.5 * pause),
            attempts=_attempts(rng, kind),
            edited=rng.random() < 0.4,
            meanwhile=rng.random() < 0.5,
        )

    @property
    def kills(self) -> bool:
        """The load does not outlive it."""
        return self.kind in ("kill", "kill both")

    @property
    def outlasted(self) -> bool:
        """The load goes on by itself and publishes, as if nothing had been."""
        return self.kind in ("cut all", "cut one") or (self.kind == "server" and self.attempts == PATIENT)

    def hit(
        self, load: Child, server: CrashingServer, url: str, rng: random.Random, disk: SmallDisk | None = None
    ) -> None:
        """Does it; a load that is taken over is left stopped."""
        match self.kind:
            case "full disk":
                assert disk is not None, "the server's folder is on no disk that can be filled"
                _fill_for_a_while(disk, load, rng)
                if server.process is not None:
                    server.crash()
                server.start()
            case "kill":
                load.kill()
            case "server":
                server.crash()
                server.start()
            case "kill both":
                load.kill()
                server.crash()
                server.start()
            case "cut all":
                cut(url)
            case "cut one":
                cut(url, rng)
            case "take over":
                load.stop()
                cut(url)


def _fill_for_a_while(disk: SmallDisk, load: Child, rng: random.Random) -> None:
    """Leaves room for some pages, and makes room again once the load has ended or a few seconds are over."""
    disk.fill(leaving=rng.randrange(300_000))
    ends = time.monotonic() + rng.uniform(0.5, 4)
    while load.alive and time.monotonic() < ends:
        time.sleep(0.02)
    disk.make_room()


def _attempts(rng: random.Random, kind: str) -> int:
    fewer = rng.random() < 0.5
    if kind == "take over":
        return _BRIEF
    return _TOO_FEW if kind == "server" and fewer else PATIENT


def cut(url: str, rng: random.Random | None = None) -> int:
    """Has the server end the sessions of our program in the database, all of them or one at random; how many."""
    with psycopg.connect(url, autocommit=True, application_name="harness") as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'doc-assets%' ORDER BY backend_start"
        ).fetchall()
        pids = [row[0] for row in rows]
        if rng is not None and pids:
            pids = [rng.choice(pids)]
        connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s::int[]) pid", (pids,))
    return len(pids)
