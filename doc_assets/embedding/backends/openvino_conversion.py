"""Converts a model of sentence-transformers to a graph of OpenVINO, and proves that the graph gives its vectors.

Imports torch, so only a process that converts imports this module.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import openvino
import torch
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from doc_assets.embedding.backends.graph_inputs import graph_inputs
from doc_assets.embedding.backends.same_reading import SAMPLES, require_same_reading
from doc_assets.embedding.embedder import first_line
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.errors import EmbeddingError, EmbeddingMisconfigured

# Least cosine between a vector of the graph and the one of sentence-transformers: they agree to 1e-6, and whatever is
# left out or pooled otherwise costs far more.
_LEAST_COSINE = 0.9999


class Pooled(torch.nn.Module):
    """The transformer, the pooling and what follows it: ``(ids, mask[, pooled]) -> (rows, dims)`` of length 1."""

    def __init__(self, model: SentenceTransformer, pooling: str) -> None:
        """Take the modules of a loaded model."""
        super().__init__()
        self.model: torch.nn.Module = model[0].auto_model  # pyrefly: ignore[bad-assignment]
        self.rest = torch.nn.ModuleList(list(model)[1:])
        self.pooling = pooling

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, pooled: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the vectors; ``pooled`` masks the tokens that are pooled, by default all that are attended to."""
        states = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        if self.pooling == "cls" and pooled is None:
            features = {"sentence_embedding": states[:, 0]}
        elif self.pooling == "mean":
            weights = (attention_mask if pooled is None else pooled).to(states.dtype).unsqueeze(-1)
            features = {"sentence_embedding": (states * weights).sum(1) / weights.sum(1)}
        else:
            mask = attention_mask if pooled is None else pooled
            features = self.rest[0]({"token_embeddings": states, "attention_mask": mask})
        for module in self.rest[1:]:
            features = module(features)
        return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)


def convert(space: EmbeddingSpace, tokenizers: Tokenizers, folder: Path) -> openvino.Model:
    """Return the model as a graph of all its components, whatever number of them the space keeps.

    Uses the torch front end itself, as ``openvino.convert_model`` does after reporting the call to a server.

    Raises:
        EmbeddingMisconfigured: The graph would not give the model's vectors.
        EmbeddingError: The model cannot be loaded or converted.
    """
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    example = torch.ones((3, 17), dtype=torch.int64)
    mask = example.clone()
    mask[1, 10:] = 0
    examples = [example, mask]
    if not space.include_prompt:
        pooled = mask.clone()
        pooled[:, :3] = 0
        examples.append(pooled)
    try:
        model = SentenceTransformer(
            str(folder),
            device="cpu",
            model_kwargs={"dtype": torch.float32},
            local_files_only=True,
        ).eval()
        model.max_seq_length = space.max_tokens
        require_same_reading(model, tokenizers, space)
        front_end = FrontEndManager().load_by_framework("pytorch")
        with warnings.catch_warnings():
            # Tracing warns of each branch on a shape; the comparison below shows that none depends on the batch.
            warnings.simplefilter("ignore")
            decoder = TorchScriptPythonDecoder(Pooled(model, space.pooling), example_input=tuple(examples))
        graph = front_end.convert(front_end.load(decoder))
        graph.reshape({i: openvino.PartialShape([-1, -1]) for i in range(len(examples))})
    except EmbeddingError:
        raise
    except Exception as error:  # transformers, torch and OpenVINO each raise their own
        raise EmbeddingError(
            f"{space.name} cannot be converted for OpenVINO ({first_line(error)}): set "
            "DOC_ASSETS_EMBEDDING_BACKEND=torch"
        ) from error
    _require_same_vectors(graph, model, space, tokenizers)
    return graph


def _require_same_vectors(
    graph: openvino.Model, model: SentenceTransformer, space: EmbeddingSpace, tokenizers: Tokenizers
) -> None:
    texts = [*SAMPLES, "The verifier walks every path of the program. " * 4]
    compiled = openvino.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for role in Role:
        tokenizer = tokenizers.of(role)
        expected = np.asarray(
            model.encode([*tokenizer.read(texts)], prompt=tokenizer.prompt, show_progress_bar=False), np.float32
        )
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        unpooled = 0 if space.include_prompt else tokenizer.prompt_tokens
        found = compiled(graph_inputs(space, tokenizer.encode(texts), unpooled))[0]
        cosine = float((expected * found).sum(axis=1).min()) if found.shape == expected.shape else float("nan")
        if not cosine >= _LEAST_COSINE:
            raise EmbeddingMisconfigured(
                f"{space.name}: OpenVINO's vectors of a {role.value} are not those of sentence-transformers (cosine "
                f"{cosine:.4f}), so its conversion loses a part of the model: set DOC_ASSETS_EMBEDDING_BACKEND=torch"
            )
