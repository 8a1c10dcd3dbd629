"""What a text costs its reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from doc_assets.errors import ConfigurationError
from doc_assets.serving.token_counts import EstimatedTokens, ExactTokens

# Counted by o200k_base.
TEXTS = {
    "A worker waits for the lock, and then it takes it.": 13,
    "let mut runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;": 21,
    "": 0,
}


def test_an_estimate_is_near_the_count_of_a_large_model() -> None:
    for text, count in TEXTS.items():
        assert 0.8 * count <= EstimatedTokens().count(text) <= 1.4 * count


def test_a_given_tokenizer_counts_exactly_and_what_is_none_is_refused(tmp_path: Path) -> None:
    tokenizer = Tokenizer(WordLevel({"?": 0}, "?"))
    tokenizer.pre_tokenizer = Whitespace()
    (tmp_path / "reader").mkdir()
    file = tmp_path / "reader/tokenizer.json"
    tokenizer.save(str(file))
    exact = ExactTokens(file)
    assert (exact.count("one two three"), exact.name) == (3, "reader")
    file.write_text("{}")
    with pytest.raises(ConfigurationError, match="DOC_ASSETS_SERVE_TOKENIZER"):
        ExactTokens(file)
