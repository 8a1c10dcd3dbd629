"""Whatever dies while a load runs: readers see whole loads only, nothing published is lost, and the next load goes on.

A few rounds, one of each kind; ``benchmarks/crashes.py`` runs as many as one likes.
"""

import pytest

from doc_assets_tests.support.crashes.faults import KINDS
from doc_assets_tests.support.crashes.rounds import Trial

# Another one every time would try more, but a test that fails should fail again; the long mode draws its own.
SEED = 195144


@pytest.fixture(scope="module")
def trial(crashing, tmp_path_factory):
    with Trial(crashing, tmp_path_factory.mktemp("crashes"), SEED) as opened:
        yield opened


@pytest.mark.parametrize(("number", "kind"), list(enumerate(KINDS, 1)))
def test_a_load_that_is_struck_loses_nothing_shows_nothing_by_halves_and_is_gone_on_with(trial, number, kind):
    seen = trial.reader.polls
    found = trial.round(number, kind)
    assert found.at != "over", f"{found.strike} came too late"
    assert trial.reader.polls > seen and not trial.reader.wrong
