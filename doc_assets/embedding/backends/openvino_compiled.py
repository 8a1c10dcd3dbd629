"""Keeps what OpenVINO made of a graph, so that the next process opens it without rounding or compiling anything.

The weights that the graph's own file has are left out of it and mapped from there, so that processes share them: 12 MB
of a model of 90 MB in int8, 0.5 MB in other precisions. A file is opened only if all that its vectors depend on is as
it was, and if its digest proves every byte; any other is replaced, so that there is one for each model and precision.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openvino

from doc_assets.document import canonical_json
from doc_assets.embedding.backends.openvino_quantisation import QUANTISATION
from doc_assets.embedding.space import EmbeddingSpace, flags_of_cpu

_log = logging.getLogger(__name__)

# What is exported of a model that is compiled with it refers to the weights of the file that the graph was read from.
WITHOUT_WEIGHTS = {"CACHE_MODE": "OPTIMIZE_SIZE"}

_DIGEST_BYTES = 32
_SUFFIX = ".compiled"
_SCRATCH = ".writing-"
# Writing takes milliseconds: what is older was left by a process that was killed.
_SCRATCH_SECONDS = 3600
# What OpenVINO kept by itself for earlier versions, 90 MB each.
_OF_EARLIER_VERSIONS = re.compile(r"\d+\.blob")


@dataclass(frozen=True, slots=True)
class CompiledFile:
    """The file of a compiled model, which may be absent, outdated or damaged.

    Attributes:
        path: Where it is kept.
        key: SHA-256 (32 bytes) of all that the compiled model depends on.
        weights: The file of the converted graph's weights, which the compiled model refers to.
    """

    path: Path
    key: bytes
    weights: Path

    def open(self, core: openvino.Core, options: dict[str, Any]) -> openvino.CompiledModel | None:
        """Return the model, with the streams and threads of ``options``; None if there is none that may be used."""
        try:
            with self.path.open("rb") as file:
                head, size = file.read(2 * _DIGEST_BYTES), os.fstat(file.fileno()).st_size - 2 * _DIGEST_BYTES
                if not head.startswith(self.key) or size < 1:
                    return None
                # The model goes on reading from it. That of a NumPy array would be freed under the model.
                body = openvino.Tensor(openvino.Type.u8, openvino.Shape([size]))
                file.readinto(body.data.data)
        except OSError:
            return None
        if head[_DIGEST_BYTES:] != hashlib.sha256(body.data.data).digest():
            return None
        try:
            return core.import_model(body, "CPU", {**options, **WITHOUT_WEIGHTS, "WEIGHTS_PATH": str(self.weights)})
        except RuntimeError as error:
            _log.warning("the compiled model %s cannot be opened and is made again: %s", self.path, error)
            return None

    def write(self, compiled: openvino.CompiledModel) -> None:
        """Put the model, which was compiled ``WITHOUT_WEIGHTS``, in the place of what is there, if that can be written.

        It is written beside, then renamed: a reader sees the old or the new one in full.
        """
        folder = self.path.parent
        # Programs in two containers may share the folder and the number of their process.
        scratch = folder / f"{_SCRATCH}{uuid.uuid4().hex}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _remove_leftovers(folder)
            stream = io.BytesIO()
            compiled.export_model(stream)
            body = stream.getbuffer()
            with scratch.open("xb") as file:
                file.writelines((self.key, hashlib.sha256(body).digest(), body))
            scratch.replace(self.path)
        except (OSError, RuntimeError) as error:
            _log.debug("the compiled model is not kept, the next start compiles it again: %s", error)
            with suppress(OSError):
                scratch.unlink(missing_ok=True)


def compiled_file(
    folder: Path, space: EmbeddingSpace, graph: Path, core: openvino.Core, hint: str, *, integers: bool
) -> CompiledFile | None:
    """Return the file in ``folder`` of what this machine makes of a converted graph; None if the graph lacks a part.

    Args:
        folder: Where compiled models are kept.
        space: The space.
        graph: The converted graph's file.
        core: Knows the CPU.
        hint: OpenVINO's name of the precision of what stays in floating point.
        integers: Whether int8 is multiplied as integers. Streams and threads are chosen when the file is opened.
    """
    weights = graph.with_suffix(".bin")
    try:
        layout, stat = graph.read_bytes(), weights.stat()
    except OSError:
        return None
    description = {
        # The graph says where in its weights each constant lies. The weights are not hashed, which would take 0.1 s:
        # their folder is named after the model's.
        "graph": hashlib.sha256(layout).hexdigest(),
        "weights": [space.in_fp32.fingerprint, stat.st_size, stat.st_mtime_ns],
        "precision": space.precision,
        "scales": space.scales_digest,
        "quantisation": QUANTISATION,
        "integers": integers,
        "hint": hint,
        "openvino": openvino.get_version(),
        "cpu": [core.get_property("CPU", "FULL_DEVICE_NAME"), *sorted(flags_of_cpu())],
        "capped": os.environ.get("ONEDNN_MAX_CPU_ISA", ""),
    }
    key = hashlib.sha256(canonical_json(description).encode()).digest()
    return CompiledFile(folder / f"{space.in_fp32.fingerprint}-{space.precision}{_SUFFIX}", key, weights)


def _remove_leftovers(folder: Path) -> None:
    for path in folder.iterdir():
        killed = path.name.startswith(_SCRATCH) and path.stat().st_mtime < time.time() - _SCRATCH_SECONDS
        if killed or _OF_EARLIER_VERSIONS.fullmatch(path.name):
            path.unlink(missing_ok=True)
