"""Compressed bytes as a stream that stops at a limit, before disk or memory fill."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

# Raised by the standard library for damaged input. NotImplementedError: a zip member's unknown compression;
# RecursionError: thousands of chained long-name headers.
CORRUPT = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    gzip.BadGzipFile,
    struct.error,
    NotImplementedError,
    RecursionError,
    OverflowError,
    ValueError,
)

# Small archives of repetitive text reach high ratios without harm; the ratio is checked above this.
RATIO_FROM = 10_000_000
# tarfile reads a member's extended header into memory at once; real ones have kilobytes.
_LARGEST_READ = 8_000_000
_BUFFER = 1 << 18

_OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}


class LimitExceeded(Exception):
    """Unpacking would exceed a limit; ``setting`` is the key that sets it."""

    def __init__(self, message: str, setting: str) -> None:
        """Take a ``message`` that follows the archive's name: "unpacks to more than …"."""
        super().__init__(message)
        self.setting = setting

    @classmethod
    def check(
        cls, unpacked: int, packed: int, max_bytes: int, max_ratio: int | None, ratio_from: int = RATIO_FROM
    ) -> None:
        """Raise if so many bytes from an archive of ``packed`` bytes are too many."""
        if unpacked > max_bytes:
            raise cls(f"unpacks to more than {max_bytes:,} bytes", "max_unpacked_bytes")
        if max_ratio is not None and unpacked > ratio_from and unpacked > packed * max_ratio:
            raise cls(f"unpacks to more than {max_ratio:,} times its size", "max_ratio")


class _Counted(io.RawIOBase):
    """Forward only; counts every byte that the decompressor gives, also those that are dropped."""

    def __init__(
        self, inner: IO[bytes] | gzip.GzipFile, packed: int, max_bytes: int, max_ratio: int | None, ratio_from: int
    ) -> None:
        self.inner = inner
        self.packed = packed
        self.limits = max_bytes, max_ratio, ratio_from
        self.position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyrefly: ignore[bad-override]
        data = self.inner.read(len(buffer))
        buffer[: len(data)] = data
        self.position += len(data)
        LimitExceeded.check(self.position, self.packed, *self.limits)
        return len(data)

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or offset < self.position:
            raise tarfile.ReadError("a member's header points backwards")
        scratch = memoryview(bytearray(_BUFFER))
        while self.position < offset and self.readinto(scratch[: offset - self.position]):
            pass
        return self.position

    def close(self) -> None:
        self.inner.close()
        super().close()


class Inflated(io.BufferedReader):
    """The stream that ``tarfile`` reads: buffered, so that its steps of one byte back stay in memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to ``size`` bytes; refuse a size that only a forged header can claim."""
        if size is None or size < 0 or size > _LARGEST_READ:
            raise tarfile.ReadError(f"a header claims {size} bytes")
        return super().read(size)

    def drain(self) -> int:
        """Read to the end, where the decompressor compares its checksum; return the stream's bytes."""
        while self.read(_BUFFER):
            pass
        return self.tell()


def open_inflated(path: Path, max_bytes: int, max_ratio: int | None = None, ratio_from: int = RATIO_FROM) -> Inflated:
    """Open a file that may be compressed with gzip, bzip2 or xz.

    Reading raises ``LimitExceeded`` beyond ``max_bytes``, or beyond ``ratio_from`` and ``max_ratio`` times the file's
    size, and one of ``CORRUPT`` for damage.
    """
    with path.open("rb") as file:
        head = file.read(6)
    opener = next((opener for magic, opener in _OPENERS.items() if head.startswith(magic)), open)
    counted = _Counted(opener(path, "rb"), path.stat().st_size, max_bytes, max_ratio, ratio_from)
    return Inflated(counted, _BUFFER)
