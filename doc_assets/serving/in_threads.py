"""Runs the service, which waits for PostgreSQL and computes, in worker threads beside the event loop."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import anyio.to_thread

Given = ParamSpec("Given")
Result = TypeVar("Result")


async def in_thread(function: Callable[Given, Result], *arguments: Given.args, **options: Given.kwargs) -> Result:
    """Run a function in a worker thread; a caller that gives up does not wait for its end.

    How many run at a time is bounded by the guards; how long, by the service's limit on statements.
    """
    return await anyio.to_thread.run_sync(functools.partial(function, *arguments, **options), abandon_on_cancel=True)
