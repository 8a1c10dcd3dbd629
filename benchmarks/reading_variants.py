"""What a model may leave unread: tokens and retrieval of variants of the reading, over the same passages and questions.

    python -m benchmarks.reading_variants --corpus DIR --questions QUESTIONS.jsonl [--negatives 4] [VARIANT]…
    python -m benchmarks.reading_variants --corpus DIR --tokens [--share 0.1]

The corpus is laid out ``<doc_type>/<source>/…``. Embedding all of it for each variant takes hours, so passages are
taken that compete: for each question the best by words (BM25) of the documents that answer it, and of as many others
as ``--negatives`` says. Needs no store. Compare figures within one run alone. ``--tokens`` counts without any model.
"""

from __future__ import annotations

import argparse
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.parsing import sources
from doc_assets import formats
from doc_assets.chunking.chunker import chunk
from doc_assets.document import Chunk, Document
from doc_assets.embedding.embedder import Embedder
from doc_assets.embedding.opening import open_embedder, open_tokenizer
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.reading import VERBATIM, WORDS
from doc_assets.embedding.tokenizer import WindowTokenizer
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.search.evaluation import Question, read_questions
from doc_assets.settings import Settings
from doc_assets.sources.included_files import SourceNeighbours
from doc_assets.sources.walk import read

Read = Callable[[str], str]

_RUN = re.compile(r"[^\W_]+")
_HYPHENED = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_CLOSING = "\"'`)]}*_>|"


def _by_word(change: Callable[[str], str]) -> Read:
    return lambda text: " ".join(filter(None, map(change, text.split())))


def _mark_after(word: str, marks: str) -> str:
    bare = word.rstrip(_CLOSING)
    return bare[-1] if len(bare) > 1 and bare[-1] in marks and bare[-2] not in ".,?!-" else ""


def _few_marks(word: str) -> str:
    """The marks . , ? ! and - as they are written, each alone and not inside a name."""
    word = re.sub(r"(?<=\w)\.(?=\w)|[^\w.,?!-]|_", " ", word)
    return re.sub(r"[.,?!-](?:\s*[.,?!-])+", " ", word)


def _sentence_marks(word: str) -> str:
    """The marks . , ? ! at the end of a word, and hyphens between letters."""
    found = _HYPHENED.findall(word)
    return " ".join(found) + _mark_after(word, ".,?!") if found else ""


def _full_stops(word: str) -> str:
    found = _RUN.findall(word)
    return " ".join(found) + _mark_after(word, ".?!") if found else ""


def _once(text: str) -> str:
    """Each word of a breadcrumb once."""
    return " ".join({word.lower(): word for word in reversed(WORDS.read(text).split())}.values())


def _title_and_heading(breadcrumb: str) -> str:
    parts = breadcrumb.split(" > ")
    return WORDS.read(" > ".join([parts[0], parts[-1]]) if len(parts) > 2 else breadcrumb)


@dataclass(frozen=True)
class Variant:
    """How texts and queries are read, how breadcrumbs, and whether passages are cut by what is read of them."""

    text: Read
    breadcrumb: Read
    full: bool = False


VARIANTS = {
    "verbatim": Variant(VERBATIM.read, VERBATIM.read),
    "few_marks": Variant(_by_word(_few_marks), _by_word(_few_marks)),
    "sentence_marks": Variant(_by_word(_sentence_marks), _by_word(_sentence_marks)),
    "full_stops": Variant(_by_word(_full_stops), _by_word(_full_stops)),
    "words": Variant(WORDS.read, WORDS.read),
    "words_full": Variant(WORDS.read, WORDS.read, full=True),
    "each_once": Variant(WORDS.read, _once),
    "title_heading": Variant(WORDS.read, _title_and_heading),
    "title": Variant(WORDS.read, lambda breadcrumb: WORDS.read(breadcrumb.split(" > ")[0])),
}


def documents(corpus: Path, share: float) -> Iterator[tuple[str, Document]]:
    """The documents of the corpus with ``<doc_type>/<source>/<path>``; of every source the given share of files."""
    step = max(1, round(1 / share))
    for root, files in sources(corpus):
        for file in files[::step]:
            try:
                data = read(file, Settings.max_file_bytes)
                parsed = formats.parse(formats.RawFile(file.path, data, {}, SourceNeighbours(root)))
            except (DocumentSkipped, DocumentRejected):
                continue
            for document in parsed:
                yield f"{root.relative_to(corpus).as_posix()}/{file.path}", document


def _tokenizers(settings: Settings) -> tuple[WindowTokenizer, WindowTokenizer]:
    """Tokenizers that cut by the text as it is written, as the product does, and by what is read of it."""
    by_read = open_tokenizer(replace(settings, embedding_reading=WORDS.name))
    by_written, by_read.as_written = by_read.as_written, by_read
    return by_written, by_read


@dataclass
class Passage:
    """A passage as it is cut today, and as it is cut by what is read; ``path`` names its document."""

    path: str
    as_written: Chunk
    as_read: Chunk


def _terms(text: str) -> list[str]:
    return [re.sub(r"(ing|ed|es|s|e|ly)$", "", word) or word for word in re.findall(r"[a-z0-9]+", text.lower())]


def passages(corpus: Path, questions: Sequence[Question], negatives: int, settings: Settings) -> list[Passage]:
    """Passages that compete for the questions: see the module."""
    by_written, by_read = _tokenizers(settings)
    wanted = {term for question in questions for term in _terms(question.query)}
    found: list[Passage] = []
    counts: list[Counter[str]] = []
    for path, document in documents(corpus, 1.0):
        full = chunk(document, by_read)
        for piece in chunk(document, by_written):
            middle = (piece.start + piece.end) // 2
            found.append(Passage(path, piece, min(full, key=lambda c: _distance(c, middle))))
            counts.append(Counter(t for t in _terms(piece.embedding_input) if t in wanted))
    frequency = Counter(term for count in counts for term in count)
    postings: dict[str, list[int]] = defaultdict(list)
    for i, count in enumerate(counts):
        for term in count:
            postings[term].append(i)
    mean = sum(p.as_written.token_count for p in found) / max(1, len(found))
    chosen: set[int] = set()
    for question in questions:
        scores: defaultdict[int, float] = defaultdict(float)
        for term in set(_terms(question.query)):
            rarity = math.log(1 + len(found) / (frequency[term] + 0.5))
            for i in postings[term]:
                norm = 1.2 * (0.25 + 0.75 * found[i].as_written.token_count / mean)
                scores[i] += rarity * counts[i][term] / (counts[i][term] + norm)
        ranked = sorted(scores, key=lambda i: -scores[i])
        chosen.update([i for i in ranked if found[i].path in question.relevant][:4])
        others = {found[i].path: i for i in reversed(ranked[:400]) if found[i].path not in question.relevant}
        chosen.update(list(others.values())[::-1][:negatives])
    return [found[i] for i in sorted(chosen)]


def _distance(piece: Chunk, place: int) -> int:
    return max(piece.start - place, place - piece.end, 0)


@dataclass
class Figures:
    """Tokens and ranks of a variant."""

    tokens: int
    ranks: list[int]
    nearest: list[list[int]]

    def hit(self, k: int) -> float:
        """Share of the questions with an answer among the first ``k`` documents."""
        return sum(rank <= k for rank in self.ranks) / len(self.ranks)

    def mrr(self) -> float:
        """Mean of 1 / rank of the first answer, of those among the first ten."""
        return sum(1 / rank for rank in self.ranks if rank <= 10) / len(self.ranks)


def measure(variant: Variant, cut: Sequence[Passage], questions: Sequence[Question], model: Embedder) -> Figures:
    """Embed the passages and the questions as the variant reads them, and rank by cosine."""
    chunks = [passage.as_read if variant.full else passage.as_written for passage in cut]
    texts = [f"{variant.breadcrumb(c.breadcrumb)}\n\n{variant.text(c.text)}" for c in chunks]
    vectors = np.concatenate([model.embed(texts[i : i + 128], Role.DOCUMENT) for i in range(0, len(texts), 128)])
    queries = model.embed([variant.text(question.query) for question in questions], Role.QUERY)
    ranks, nearest = [], []
    for question, row in zip(questions, queries @ vectors.T, strict=True):
        order = [int(i) for i in np.argsort(-row)]
        paths = list(dict.fromkeys(cut[i].path for i in order))
        ranks.append(next((n for n, path in enumerate(paths, 1) if path in question.relevant), len(paths) + 1))
        nearest.append(order[:10])
    distinct = {c.id: text for c, text in zip(chunks, texts, strict=True)}
    return Figures(sum(model.tokenizers.document.count([*distinct.values()])), ranks, nearest)


def sign_test(won: int, lost: int) -> float:
    """Two-sided p of so uneven a split, if better and worse were equally likely."""
    n, least = won + lost, min(won, lost)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(least + 1)) / 2**n) if n else 1.0


def count_tokens(corpus: Path, share: float, settings: Settings) -> None:
    """Prints passages and tokens of all variants over a share of the corpus."""
    by_written, by_read = _tokenizers(settings)
    chunks, tokens = Counter[str](), Counter[str]()
    for _, document in documents(corpus, share):
        cut = {True: chunk(document, by_read), False: chunk(document, by_written)}
        for name, variant in VARIANTS.items():
            pieces = cut[variant.full]
            chunks[name] += len(pieces)
            tokens[name] += sum(
                by_written.count([f"{variant.breadcrumb(c.breadcrumb)}\n\n{variant.text(c.text)}" for c in pieces])
            )
    for name in VARIANTS:
        change = tokens[name] / tokens["verbatim"] - 1
        print(f"{name:16}{chunks[name]:9,} passages{tokens[name]:12,} tokens {change:+.1%}")


def main() -> None:
    """Prints a line for each variant."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--negatives", type=int, default=4, help="other documents for each question")
    parser.add_argument("--tokens", action="store_true", help="count only")
    parser.add_argument("--share", type=float, default=0.1, help="of the files, with --tokens")
    parser.add_argument("variant", nargs="*", default=[], choices=[*VARIANTS, []], help="default: words and words_full")
    options = parser.parse_args()
    settings = Settings.from_environment()
    if options.tokens or options.questions is None:
        count_tokens(options.corpus, options.share, settings)
        return
    questions = read_questions(options.questions)
    cut = passages(options.corpus, questions, options.negatives, settings)
    model = open_embedder(replace(settings, embedding_reading="verbatim"))
    base = measure(VARIANTS["verbatim"], cut, questions, model)
    print(f"{len(cut)} passages, {len(questions)} questions, vectors alone")
    for name in dict.fromkeys(["verbatim", *(options.variant or ["words", "words_full"])]):
        found = base if name == "verbatim" else measure(VARIANTS[name], cut, questions, model)
        won = sum(a < b for a, b in zip(found.ranks, base.ranks, strict=True))
        lost = sum(a > b for a, b in zip(found.ranks, base.ranks, strict=True))
        common = np.mean([len({*a} & {*b}) / 10 for a, b in zip(found.nearest, base.nearest, strict=True)])
        print(
            f"{name:16}{found.tokens:10,} tokens {found.tokens / base.tokens - 1:+.1%}"
            f"  hit@1 {found.hit(1):.3f}  hit@5 {found.hit(5):.3f}  MRR@10 {found.mrr():.3f}"
            f"  {won} better, {lost} worse, p {sign_test(won, lost):.2f}  overlap@10 {common:.3f}"
        )


if __name__ == "__main__":
    main()
