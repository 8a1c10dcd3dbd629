"""The work that a load expects of its files, in tokens to embed, corrected by what the files before them gave."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from doc_assets.runtime.time_left import Expected, Learned
from doc_assets.sources.token_estimate import TOKENS_PER_FILE, expected_of, kind_of

# Share of the tokens of a file that has no vector yet, by what is live of it: an edited page keeps most of its chunks,
# a page that another recipe parses nearly all.
_CHANGED, _PARSED_ANEW = 0.6, 0.1


class StoredFiles:
    """The files that are live of a partition in the configured space, as far as they tell what a load will embed."""

    def __init__(self, sizes: Mapping[str, int] | None = None, *, same_recipe: bool = False) -> None:
        """Take the sizes by path, and whether a load would have their recipe; nothing is live by default."""
        self._sizes = dict(sizes or {})
        self._same_recipe = same_recipe

    def share(self, path: str, size: int) -> float:
        """Return the share of a file's tokens that is to embed, before its bytes are known: 0 for one taken over."""
        stored = self._sizes.get(path)
        if stored is None:
            return 1.0
        if not self._same_recipe:
            return _PARSED_ANEW
        return 0.0 if stored == size else _CHANGED

    @property
    def what(self) -> str:
        """What is stored, as part of the kind of a partition: loads learn from those that are alike."""
        return "" if not self._sizes else " changed" if self._same_recipe else " parsed anew"


def expected_of_partition(files: Iterable[tuple[str, int]], stored: StoredFiles) -> Expected:
    """Return what a load of files, given by path and size, is expected to embed and parse."""
    by_kind = Counter[str]()
    tokens, count = 0.0, 0
    for path, size in files:
        if share := stored.share(path, size):
            given = share * expected_of(path, size)
            by_kind[kind_of(path)] += int(given)
            tokens += given + TOKENS_PER_FILE
            count += 1
    most = max(by_kind, key=lambda kind: (by_kind[kind], kind), default="")
    return Expected(most + stored.what, tokens, count)


class ExpectedWork:
    """What is left of one load."""

    def __init__(self, files: Iterable[tuple[str, int]] = (), stored: StoredFiles | None = None) -> None:
        """Take the files to parse, by path and size."""
        stored = stored or StoredFiles()
        self._expected = {
            path: (stored.share(path, size) or _CHANGED) * expected_of(path, size) for path, size in files
        }
        self._left = defaultdict[str, float](float)
        for path, tokens in self._expected.items():
            self._left[kind_of(path)] += tokens
        self._learned = Learned()

    def see(self, path: str, tokens: int) -> None:
        """Count a file as done, of which so many tokens had to be embedded."""
        expected = self._expected.pop(path, None)
        if expected is not None:
            self._left[kind_of(path)] -= expected
            self._learned.see(kind_of(path), expected, tokens)

    @property
    def left(self) -> int:
        """The tokens to expect of the files that are not done, with what each file costs beside them."""
        tokens = sum(max(0.0, left) * self._learned.ratio(kind) for kind, left in self._left.items())
        return round(tokens) + TOKENS_PER_FILE * len(self._expected)
