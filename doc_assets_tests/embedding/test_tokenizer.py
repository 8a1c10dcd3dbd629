"""Counting by words gives the counts of the tokenizer itself, for every text and every kind of tokenizer."""

from __future__ import annotations

import pickle
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, trainers

from doc_assets.embedding import tokenizer as module
from doc_assets.embedding.reading import WORDS
from doc_assets.embedding.space import model_folder
from doc_assets.embedding.tokenizer import WindowTokenizer
from doc_assets.settings import Settings
from doc_assets_tests.support.texts import any_text

FILE = model_folder(Settings.from_environment({})) / "tokenizer.json"


def real() -> Tokenizer:
    """The model's tokenizer as its library has it, without truncation and padding."""
    tokenizer = Tokenizer.from_file(str(FILE))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


REAL = real()
TOKENIZER = WindowTokenizer(real(), 256, "t")
# Borders, marks and controls on which str.split, BERT and Unicode do not agree.
ODD = [
    *"\t\n\r\x0b\x0c\x1c\x1f\x00\x7f\x85\xa0\xad\u1680\u180e\u2003\u200b\u200d\u2028\u2029\u202f\u205f\u2060\u3000",
    *(
        "\ufeff",
        "\ufffd",
        "e\u0301",
        "\u0301",
        "\u0345",
        "\u302e",
        "İ",
        "ß",
        "ς",
        "한",
        "中",
        "\U00020000",
        "🏳\u200d🌈",
    ),
    *("[SEP]", "[sep]", "[CLS", "[ MASK]", "[UNK][PAD]", "a[SEP]b", "x" * 70, "x" * 101, "don't", "a/b_c-d", "--"),
]
texts = st.lists(st.one_of(st.sampled_from(ODD), any_text(), st.just(" "), st.text("aZ9.[]_ ")), max_size=12).map(
    "".join
)


def counted(tokenizer: Tokenizer, text: str) -> int:
    return len(tokenizer.encode(text))


def starts(tokenizer: Tokenizer, text: str) -> list[int]:
    return [start for start, _ in tokenizer.encode(text, add_special_tokens=False).offsets]


@settings(max_examples=250, deadline=None)
@given(texts)
def test_counts_and_starts_are_those_of_the_tokenizer(text: str) -> None:
    assert TOKENIZER.count([text]) == [counted(REAL, text)]
    assert list(TOKENIZER.starts(text)) == starts(REAL, text)


def test_a_word_that_is_read_as_a_whole_is_tokenized_once_for_both_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenized: list[int] = []
    of_word = module._Starts._of_word
    monkeypatch.setattr(
        module._Starts, "_of_word", lambda self, encoding: tokenized.append(1) or of_word(self, encoding)
    )
    reader = WindowTokenizer(real(), 256, "t", reading=WORDS)
    text = "Tokenization of doc-assets"
    assert reader.count([text]) == [counted(REAL, WORDS.read(text))]
    assert reader.as_written.count([text]) == [counted(REAL, text)]
    assert len(tokenized) == len(["Tokenization", "of", "doc", "assets", "-"])


def test_every_space_control_and_format_character_parts_words_as_the_tokenizer_has_it() -> None:
    odd = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) in {"Cc", "Cf", "Zs", "Zl", "Zp"}]
    assert len(odd) > 200
    for c in odd:
        for text in (f"un{c}believable", f"un {c}believable", f"un{c} believable", f"{c}", f"[SE{c}P]"):
            assert TOKENIZER.count([text]) == [counted(REAL, text)], hex(ord(c))
            assert list(TOKENIZER.starts(text)) == starts(REAL, text), hex(ord(c))


@pytest.mark.parametrize(
    "normalizer",
    [
        normalizers.BertNormalizer(lowercase=False),
        normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False),
        normalizers.BertNormalizer(strip_accents=False),
    ],
    ids=["cased", "raw", "accents"],
)
def test_the_same_holds_for_other_settings_of_bert(normalizer: normalizers.BertNormalizer) -> None:
    def with_settings() -> Tokenizer:
        tokenizer = real()
        tokenizer.normalizer = normalizer
        tokenizer.add_tokens([AddedToken("<mask>", lstrip=True, rstrip=True), AddedToken("k8s", single_word=True)])
        return tokenizer

    other, tokenizer = with_settings(), WindowTokenizer(with_settings(), 256, "t")
    tails = ["", " <mask> b", "k8s.io", "ak8s K8S"]
    for text in [f"Un{a}{b} É {c}" for a in ODD for b in ODD[:25] for c in tails]:
        assert tokenizer.count([text]) == [counted(other, text)], ascii(text)


def byte_level() -> Tokenizer:
    """Joins a word with the space before it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer.train_from_iterator(["the pod and the node  and the pool\n\n"] * 9, trainers.BpeTrainer(vocab_size=300))
    return tokenizer


def metaspace() -> Tokenizer:
    """SentencePiece: pieces of words with a mark for the space."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(split=False)
    trainer = trainers.UnigramTrainer(vocab_size=60, unk_token="<unk>", special_tokens=["<unk>"])  # noqa: S106
    tokenizer.train_from_iterator(["the pod and the node  and the pool"] * 9, trainer)
    return tokenizer


def with_a_token_of_two_words() -> Tokenizer:
    tokenizer = real()
    tokenizer.add_tokens(["pod and the"])
    return tokenizer


@pytest.mark.parametrize("make", [byte_level, metaspace, with_a_token_of_two_words])
def test_tokens_that_reach_over_white_space_are_counted_as_they_are(make) -> None:
    tokenizer = WindowTokenizer(make(), 256, "t")
    for text in ["the pod and the node", "the  pod and the\n\n\nnode", "", " ", "a\u3000b"]:
        assert tokenizer.count([text]) == [counted(make(), text)]
        assert list(tokenizer.starts(text)) == starts(make(), text)


def test_the_words_remembered_are_few_short_and_left_behind_by_a_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = WindowTokenizer(real(), 256, "t")
    bare = len(pickle.dumps(tokenizer))
    tokenizer.count([" ".join(f"word{i}" for i in range(500)), "y" * 5_000, "/".join(f"p{i}" for i in range(50))])
    assert tokenizer._words is not None
    assert len(tokenizer._words) > 500
    assert max(map(len, tokenizer._words)) <= 64
    again = pickle.dumps(tokenizer)
    assert len(again) == bare
    assert pickle.loads(again).count(["an unbelievable é"]) == tokenizer.count(["an unbelievable é"])  # noqa: S301

    monkeypatch.setattr(module, "_WORDS", 100)
    text = " ".join(f"other{i},again{i}" for i in range(500))
    assert tokenizer.count([text]) == [counted(REAL, text)]
    assert len(tokenizer._words) + len(tokenizer._words._before) <= 200


def test_threads_may_share_a_tokenizer_that_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WORDS", 50)
    pages = [" ".join(f"word{i * j % 97}" for i in range(200)) for j in range(60)]
    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(lambda page: TOKENIZER.count([page])[0], pages))
    assert counts == [counted(REAL, page) for page in pages]
