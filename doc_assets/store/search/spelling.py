"""Words of a query that occur nowhere, and the nearest ones that do.

Everything at a distance of one letter is looked up in the index of words, as in Norvig's spelling corrector (2007): no
vocabulary has to be kept, and all of what is stored is known.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

import psycopg

# Names of three letters are each near to another one, and a code with digits is another code if one is changed.
_CORRECTED = re.compile(r"[a-z]{4,30}")
# Of a pasted text only the first are corrected: each takes about 10 ms.
_MOST = 3
_COUNTED = 200


def variants(lexeme: str) -> set[str]:
    """Return what differs by one letter left out, added, changed, or swapped with the next, after the first letter."""
    splits = [(lexeme[:i], lexeme[i:]) for i in range(1, len(lexeme) + 1)]
    letters = string.ascii_lowercase
    left_out = {a + b[1:] for a, b in splits if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
    changed = {a + c + b[1:] for a, b in splits if b for c in letters}
    added = {a + c + b for a, b in splits for c in letters}
    return (left_out | swapped | changed | added) - {lexeme}


def nearest_lexemes(connection: psycopg.Connection, missing: Sequence[str]) -> dict[str, str]:
    """Return for each lexeme that occurs nowhere the most frequent one that differs by a letter, if there is any.

    A wrong letter in an ending keeps it from being taken off (``cachng``), so what is tried loses its own: what is left
    must then begin the word, or anything with an ending is near (``errli``, which is ``err``, to ``earli``).
    """
    wanted = [lexeme for lexeme in missing if _CORRECTED.fullmatch(lexeme)][:_MOST]
    tried = [(lexeme, near) for lexeme in wanted for near in sorted(variants(lexeme))]
    if not tried:
        return {}
    rows = connection.execute(
        "SELECT t.missing, t.near, c.n FROM ("
        " SELECT DISTINCT missing, (ts_lexize('pg_catalog.english_stem', near))[1]"
        " FROM unnest(%s::text[], %s::text[]) AS u (missing, near)) AS t (missing, near)"
        " CROSS JOIN LATERAL (SELECT count(*) AS n FROM ("
        " SELECT FROM chunk WHERE tsv @@ quote_literal(t.near)::tsquery LIMIT %s) k) c"
        " WHERE c.n > 0 AND (starts_with(t.missing, t.near) OR t.missing || ' ' || t.near = ANY(%s))"
        " ORDER BY c.n DESC, t.near",
        ([lexeme for lexeme, _ in tried], [near for _, near in tried], _COUNTED, [" ".join(pair) for pair in tried]),
    ).fetchall()
    found: dict[str, str] = {}
    for lexeme, near, _ in rows:
        found.setdefault(lexeme, near)
    return found
