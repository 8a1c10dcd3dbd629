"""Search vectors as PostgreSQL writes them."""

from __future__ import annotations

import numpy as np
import pytest

from doc_assets.search.live_index.stored_words import TIMES, hash_of, parse_vectors


def test_each_lexeme_of_each_vector_is_found_with_its_number_of_positions() -> None:
    texts = ["'cat':3A,5B,9B 'name'", "", "'`for`':2B 'naïve':1 'x'"]
    hashes, rows, positions = parse_vectors(texts)
    expected = [("cat", 0, 3), ("name", 0, 0), ("`for`", 2, 1), ("naïve", 2, 1), ("x", 2, 0)]
    assert list(zip(hashes.tolist(), rows.tolist(), positions.tolist(), strict=True)) == [
        (hash_of(lexeme), row, times) for lexeme, row, times in expected
    ]


def test_no_words_are_no_rows() -> None:
    assert [len(found) for found in parse_vectors(["", ""])] == [0, 0, 0]


def test_the_longest_lexeme_and_the_most_positions_fit() -> None:
    hashes, _, positions = parse_vectors([f"'{'w' * 2046}':{','.join(map(str, range(1, 257)))}"])
    assert (hashes[0], positions[0]) == (hash_of("w" * 2046), 255)


def test_different_lexemes_have_different_hashes() -> None:
    words = [f"{a}{b}" for a in "abcdefghij0123456789" for b in ("", "a", "aa", "b", "ab", "ba", "é", "0")]
    assert len({hash_of(word) for word in words}) == len(set(words))


def test_a_word_without_position_counts_as_ts_rank_has_it() -> None:
    assert TIMES[0] == pytest.approx(0.374, abs=1e-3)
    assert np.array_equal(TIMES[1:4], [1, 2, 3])
