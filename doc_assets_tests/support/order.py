"""The order in which the processes of a run take the tests: what is long begins first, and its end is short.

pytest-xdist gives each process as many tests, in the order in which they were found. A process that is done takes half
of what another has left, from the end of it. So a long module near the end is what one process is still at when the
others are done, or it is torn apart, and what its tests share is made once more; so are imports of many seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

# Folders and modules that one process does one after the other, for what they share, and the seconds of their tests as
# --durations told them of a run on two busy cores. What is long and absent here costs the chance to be last.
LONG: dict[tuple[str, ...], int] = {
    # A process that has imported Dagster, and forks pods: 3 s of CPU.
    ("scenarios/cluster/",): 340,
    # One that forks loads, and a PostgreSQL that may crash.
    ("scenarios/crashes/",): 190,
    # torch and transformers, which take 9 s to import, and the default model that is converted by them.
    ("embedding/backends/", "embedding/test_reranker.py", "cli/test_app.py"): 140,
    ("ingest/test_parse_pool.py",): 23,
    ("scenarios/test_command_line_stops.py",): 21,
    ("serving/http/test_server.py",): 20,
    ("scenarios/test_secrets_end_to_end.py",): 18,
    ("dagster/test_build.py",): 15,
    ("ingest/test_loader_retries.py",): 12,
    ("scenarios/test_secrets.py",): 11,
    ("ingest/test_loader.py",): 10,
}


def arranged(modules: Sequence[str], processes: int) -> list[int]:
    """Return the places of the tests in the order to take them in.

    Args:
        modules: Of each test, as a path below the folder of the tests.
        processes: Among which the tests are shared.
    """
    members: dict[tuple[str, ...], list[int]] = {group: [] for group in LONG}
    others = []
    for place, module in enumerate(modules):
        group = next((group for group in LONG if module.startswith(group)), None)
        (others if group is None else members[group]).append(place)
    shares: list[list[int]] = [[] for _ in range(processes)]
    seconds = [0] * processes
    for group in sorted(LONG, key=LONG.__getitem__, reverse=True):
        least = seconds.index(min(seconds))
        shares[least] += members[group]
        seconds[least] += LONG[group]
    rest = iter(others)
    order: list[int] = []
    for n, share in enumerate(shares):
        size = (len(modules) - len(order)) // (processes - n)
        order += [*share, *islice(rest, max(0, size - len(share)))]
    return [*order, *rest]
