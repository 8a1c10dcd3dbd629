"""Random secrets for property tests."""

from __future__ import annotations

import string

from hypothesis import strategies as st

# What a generator of passwords gives, long enough that no text has it by chance.
_SIGNS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ äß€"


def secrets(signs: str = _SIGNS, most: int = 40) -> st.SearchStrategy[str]:
    """Return passwords and tokens of letters, digits and these signs, with no blank at the ends."""
    inner = st.text(st.sampled_from(string.ascii_letters + string.digits + signs), min_size=8, max_size=most - 4)
    kinds = st.sampled_from(["Z9", "q7", "X3"])
    return st.tuples(kinds, inner, kinds).map(lambda parts: "".join(parts))


def tokens(most: int = 40) -> st.SearchStrategy[str]:
    """Return values that a header can hold: printable ASCII without a blank."""
    return secrets(signs="-._~+/=:!#$%&'*^`|", most=most)
