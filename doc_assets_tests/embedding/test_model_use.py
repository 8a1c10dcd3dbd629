"""The busy time of a model, and whose it was."""

from __future__ import annotations

from doc_assets.embedding.model_use import ModelUse, UseAccount


def test_calls_at_the_same_time_share_the_busy_time_and_idle_time_is_nobodys() -> None:
    now = 0.0
    account = UseAccount(lambda: now)
    now = 10.0
    with account.call() as first:
        now = 12.0
        with account.call() as second:
            now = 16.0
        now = 17.0
    now = 20.0
    assert (first.seconds, second.seconds) == (5.0, 2.0)
    assert account.use == ModelUse(busy_seconds=7.0, seconds=20.0, waiting_texts=0)
    assert account.use.share == 0.35


def test_a_call_under_way_counts_and_one_that_fails_ends() -> None:
    now = 0.0
    account = UseAccount(lambda: now)
    account.wait(3)
    try:
        with account.call():
            now = 2.0
            assert account.use == ModelUse(2.0, 2.0, 3)
            raise ValueError
    except ValueError:
        account.wait(-3)
    now = 4.0
    assert account.use == ModelUse(2.0, 4.0, 0)
