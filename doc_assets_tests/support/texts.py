"""Texts of any characters, for tests with random inputs."""

from __future__ import annotations

from hypothesis import strategies as st

# All but surrogates: those that UTF-8 has, which is also Hypothesis' own default. By that name it encodes and decodes
# all 1.1 million of them first, 6 s of CPU in each process of a run whose folder keeps nothing of earlier ones.
CHARACTERS = st.characters(exclude_categories=["Cs"])


def any_text(*, min_size: int = 0, max_size: int | None = None) -> st.SearchStrategy[str]:
    """Return a strategy for texts that UTF-8 can write, of so many characters."""
    return st.text(CHARACTERS, min_size=min_size, max_size=max_size)
