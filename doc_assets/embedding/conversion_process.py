"""Converts the model before the loads of a process tree start, in a process of its own that ends with it.

torch would keep 450 MB of a process that goes on; and beside the loads, the 0.75 GB of a conversion would be the peak
of the whole tree: 1.6 GB instead of the 1.0 GB that loading takes.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
from collections.abc import Callable
from dataclasses import replace

from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import is_unconverted, open_embedder
from doc_assets.errors import DocAssetsError
from doc_assets.runtime import log_context, shutdown
from doc_assets.runtime.masked_output import mask_worker_output
from doc_assets.runtime.processes import die_with_parent
from doc_assets.settings import LogSettings, Settings

_log = logging.getLogger(__name__)


def convert_apart(settings: Settings, open_model: Callable[[Settings], Embedder] = open_embedder) -> None:
    """Open the model in another process if that converts it, and wait until it is converted or a stop is requested.

    A conversion that fails is met again, and reported, by the first load that opens the model.

    Raises:
        EmbeddingError: The model's folder is absent or incomplete.
    """
    if not is_unconverted(settings):
        return
    converting = multiprocessing.get_context("spawn").Process(
        # It needs no database.
        target=_convert, args=(replace(settings, database_url=None), open_model), name="conversion"
    )  # fmt: skip
    converting.start()
    while converting.is_alive() and not shutdown.requested():
        converting.join(shutdown.POLL_SECONDS)
    converting.kill()  # it heeds no other signal; the next one begins anew
    converting.join()


def _convert(settings: Settings, open_model: Callable[[Settings], Embedder]) -> None:
    for number in shutdown.SIGNALS:
        # A terminal and systemd signal all processes; the parent decides.
        signal.signal(number, signal.SIG_IGN)
    mask_worker_output()
    die_with_parent()
    log_context.configure(LogSettings.from_environment())
    try:
        open_model(settings)
    except DocAssetsError as error:
        _log.debug("the conversion failed: %s", error)
