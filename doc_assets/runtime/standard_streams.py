"""The standard streams of a process, also where they are closed or cannot be written."""

from __future__ import annotations

import errno
import os
import sys

# What a stream says that takes nothing more: a full disk, a closed number, a device that is gone.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EBADF, errno.EIO)


def hold_standard_streams() -> None:
    """Open the streams that were closed before the start; else a file or connection gets their number, and the output.

    A closed stdout then refuses what is written, since a result that is lost is a failure; a closed stderr drops it.
    """
    for name, number, mode in (("stdout", 1, os.O_RDONLY), ("stderr", 2, os.O_WRONLY)):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, mode)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115 - for good


def flush_stdout() -> OSError | None:
    """Write what stdout still holds; if it cannot, return why, and keep the interpreter from trying again at exit."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return error
    return None


def why_unwritable(error: BaseException) -> str | None:
    """Return the reason if an error is that of a stream which cannot be written; one of a file has the file's name."""
    if isinstance(error, OSError) and error.filename is None and error.errno in _UNWRITABLE:
        return os.strerror(error.errno)
    return None
