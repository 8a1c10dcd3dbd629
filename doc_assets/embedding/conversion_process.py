"""Converts the model before the loads of a process tree start, in a process of its own that ends with it.

torch would keep 450 MB of a process that goes on; and beside the loads, the 0.75 GB of a conversion would be the peak
of the whole tree: 1.6 GB instead of the 1.0 GB that loading takes.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from doc_assets.embedding.converted_graphs import scratch_prefix
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import is_unconverted, open_embedder
from doc_assets.embedding.space import model_folders
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
    folder = model_folders(settings)[-1]
    if not is_unconverted(settings) or not _can_be_written(folder):
        return  # what cannot be kept is made once, by the process that needs it
    converting = multiprocessing.get_context("spawn").Process(
        # It needs no database.
        target=_convert, args=(replace(settings, database_url=None), open_model), name="conversion"
    )  # fmt: skip
    converting.start()
    while converting.is_alive() and not shutdown.requested():
        converting.join(shutdown.POLL_SECONDS)
    converting.kill()  # it heeds no other signal; the next one begins anew
    converting.join()
    for scratch in folder.glob(f"*/{scratch_prefix(converting.pid or 0)}*"):
        shutil.rmtree(scratch, ignore_errors=True)


def _can_be_written(folder: Path) -> bool:
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return os.access(there, os.W_OK | os.X_OK)


def _convert(settings: Settings, open_model: Callable[[Settings], Embedder]) -> None:
    for number in shutdown.SIGNALS:
        # A terminal and systemd signal all processes; the parent decides.
        signal.signal(number, signal.SIG_IGN)
    mask_worker_output()
    die_with_parent()
    log_context.configure(LogSettings.from_environment())
    try:
        open_model(settings)
    except Exception as error:
        _log.debug("the conversion failed: %s", error, exc_info=not isinstance(error, DocAssetsError))
