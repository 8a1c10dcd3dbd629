"""The scales of a model's int8 form: how its activations are rounded to 8 bits, measured once and shipped as JSON.

Finding, reading and writing the file is here; measuring in ``backends.openvino_calibration``, applying in
``backends.openvino_quantisation``. Nothing here imports numpy: the embedding space needs the digest alone.
"""

from __future__ import annotations

import functools
import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from doc_assets.document import canonical_json
from doc_assets.errors import EmbeddingMisconfigured

_PACKAGED = Path(__file__).with_name("scales")


@dataclass(frozen=True, slots=True)
class ActivationScales:
    """How one activation, which one or more matrix products read, is rounded to 0 … 255 by channel.

    Channel ``j`` of value ``x`` becomes ``q = x / step[j] + zero[j]``, rounded and clamped. Integers and decimals, so
    that all that is computed from them is the same bits on every machine.

    Attributes:
        products: The products, named by their weights, see ``openvino_quantisation.name_of``.
        steps: Width of a step, with 4 significant digits.
        zeros: Code of the value 0; may lie outside 0 … 255.
        means: Mean code, around which the rounding of the weights does no harm.
    """

    products: tuple[str, ...]
    steps: tuple[float, ...]
    zeros: tuple[int, ...]
    means: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Int8Scales:
    """The scales of all activations of a model.

    Attributes:
        weights_sha256: SHA-256 (hex) of the ``model.safetensors`` that they belong to.
        activations: In the order of the graph.
    """

    weights_sha256: str
    activations: tuple[ActivationScales, ...]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON: two different files make two embedding spaces."""
        return _digest(self)

    @property
    def content(self) -> dict[str, Any]:
        """The JSON object of the file."""
        # asdict copies each of 50,000 numbers: 120 ms.
        activations = [{f.name: list(getattr(one, f.name)) for f in fields(one)} for one in self.activations]
        return {"weights_sha256": self.weights_sha256, "activations": activations}


@functools.lru_cache(maxsize=8)
def _digest(scales: Int8Scales) -> str:
    """Remember it: finding the model of a space describes a dozen candidates."""
    return hashlib.sha256(canonical_json(scales.content).encode()).hexdigest()


def find_scales(folders: Iterable[Path], weights_sha256: str, digest: str = "") -> Int8Scales | None:
    """Return the scales of a model: those in the first of the folders that has some, else those of the package.

    With a digest, only those will do: a space that was filled with the package's is read with them whatever lies in the
    folders.

    Raises:
        EmbeddingMisconfigured: A file is damaged, or of another model.
    """
    name = file_name(weights_sha256)
    for path in [*(folder / name for folder in folders), _PACKAGED / name]:
        if not path.is_file():
            continue
        try:
            scales = _of_weights(path, weights_sha256)
        except EmbeddingMisconfigured:
            if not digest:
                raise
            continue
        if digest in ("", scales.digest):
            return scales
    return None


def _of_weights(path: Path, weights_sha256: str) -> Int8Scales:
    scales = _read(path, path.stat().st_mtime_ns)
    if scales.weights_sha256 != weights_sha256:
        raise EmbeddingMisconfigured(f"{path} has the int8 scales of other weights: remove it")
    return scales


def file_name(weights_sha256: str) -> str:
    """Return the name of the file that holds the scales of these weights."""
    return f"int8-{weights_sha256[:16]}.json"


def write_scales(scales: Int8Scales, folder: Path) -> Path:
    """Write the file into ``folder``, over an older one; a reader sees the old or the new one in full."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(scales.weights_sha256)
    # Programs in two containers may share the folder and the number of their process.
    scratch = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    lines = [json.dumps(one, separators=(",", ":")) for one in scales.content["activations"]]
    body = ",\n".join(lines)
    scratch.write_text(f'{{"weights_sha256":"{scales.weights_sha256}","activations":[\n{body}\n]}}\n', encoding="utf-8")
    scratch.replace(path)
    return path


@functools.lru_cache(maxsize=8)
def _read(path: Path, _modified_ns: int) -> Int8Scales:
    try:
        content = json.loads(path.read_bytes())
        activations = tuple(_activation(one) for one in content["activations"])
        return Int8Scales(str(content["weights_sha256"]), activations)
    except (ValueError, TypeError, KeyError, OverflowError, OSError) as error:
        raise EmbeddingMisconfigured(
            f"{path} is no file of int8 scales ({type(error).__name__}: {error}): make it again with "
            "doc-assets embedder quantise, or remove it"
        ) from error


def _activation(content: dict[str, Any]) -> ActivationScales:
    products = tuple(str(name) for name in content["products"])
    # JSON may write 1.0 as 1.
    steps = tuple(float(step) for step in content["steps"])
    zeros, means = (tuple(int(code) for code in content[name]) for name in ("zeros", "means"))
    if not len(steps) == len(zeros) == len(means) or not all(0 < step < float("inf") for step in steps):
        raise ValueError("steps, zeros and means must be of one length, steps above 0")
    if [*zeros, *means] != [*content["zeros"], *content["means"]]:
        raise ValueError("zeros and means must be whole numbers")
    return ActivationScales(products, steps, zeros, means)
