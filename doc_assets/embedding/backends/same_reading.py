"""Proves that sentence-transformers reads and pools a text as it is counted and described here.

What it reads is decided by ``tokenizer_config.json`` and its library's code, what is counted by ``tokenizer.json``
alone. Counted wrongly, chunks would be truncated in silence; with OpenVINO, other tokens would be embedded.
"""

from __future__ import annotations

from typing import Any

from sentence_transformers import SentenceTransformer

from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace
from doc_assets.embedding.tokenizer import Tokenizers
from doc_assets.errors import EmbeddingMisconfigured

# Case, accents, white space at the ends, several scripts, code, an empty text.
SAMPLES = (
    "Cilium > IPAM\n\nCluster scope is the default mode.",
    'fn main() { println!("HELLO"); }',
    "  \u00dcberl\u00e4nge \u4e2d\u6587 na\u00efve -- 1.5 kB ",
    "",
)


def require_same_reading(model: SentenceTransformer, tokenizers: Tokenizers, space: EmbeddingSpace) -> None:
    """Compare the kind of pooling, and the token ids of sample texts in both roles.

    Raises:
        EmbeddingMisconfigured: They differ.
    """
    kinds: Any = model[1].pooling_mode
    pooling = kinds if isinstance(kinds, str) else "+".join(kinds)
    if pooling != space.pooling:
        raise EmbeddingMisconfigured(
            f"{space.name}: sentence-transformers pools by {pooling}, the folder of its pooling says {space.pooling}: "
            "modules.json is absent or names another folder"
        )
    for role in Role:
        tokenizer = tokenizers.of(role)
        for text, ours in zip(SAMPLES, tokenizer.encode(SAMPLES), strict=True):
            features = model.preprocess([*tokenizer.read([text])], prompt=tokenizer.prompt or None)
            theirs = features["input_ids"][0][features["attention_mask"][0].bool()].tolist()
            if theirs != ours:
                raise EmbeddingMisconfigured(
                    f"{space.name}: sentence-transformers reads {text!r} as {len(theirs)} tokens that are not the "
                    f"{len(ours)} of tokenizer.json: tokenizer_config.json and tokenizer.json contradict each other"
                )
