"""Revision 0011 computes words in other ways than 0009, and not one other word: no stored vector is recomputed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from importlib.resources import files

import psycopg
import pytest

from doc_assets.store.database.connection import Store
from doc_assets.store.schema import schema
from doc_assets_tests.support.databases import new_database

CORNERS = [
    *(
        "",
        " ",
        "\n",
        "7e2x 7E2x 1e5 12e3 0x1F v1e5 12abc 00123 1.5e-3",
        "a" * 2046 + " ab",
        "ab " + "c" * 2047 + " for",
    ),
    *("`a`--b`c` for", "`--no-verify`", "é--for --not", "(--in)", "--for--if", "x.yy--do", "a `for", "Ⅷ for_each ½"),
    *("ABCdEFg HTTPServer URLs IPv6Pool gRPCRoute OAuth2Token AsURLsXs ABvEf", "aBCDeFGHi parseURLs IDs NVMe2x"),
    *(
        "for x in y:\n  do this;\n\tif not z {",
        "  import os\nfrom a.b import c",
        "SELECT is FROM it",
        "say: for\nx = not y",
    ),
    *(
        "\u201ccurly\u201d \u2014 \u2018quotes\u2019 for «all» … not",
        "Größe ИЛИ for `not`",
        "\uff37ide for",
        "soft\u00adhyphen, if",
        "x" * 120 + "Ab",
    ),
    *("0 " * 300, "for `for` " * 300, "`in` " * 120 + "for " * 120 + "= ;\n" * 300, "aB " * 260, "x " * 17000),
    *("it\u2028is\vall\fof\rthem", "a\u00a0b", "'quoted' \\back\\slash :1A *", "don't can't it's"),
]
PIECES = [
    *"aAbBsSvV01279eEx_-.:;`={}()|/'\"\\ \n\t",
    *(" for ", " not ", "::", "->", " = ", " --", "if ", "import ", "SELECT ", "HTTPServer", "é", "“", "中", "İ"),
]


@pytest.fixture(scope="module")
def connection(server_url: str) -> Iterator[psycopg.Connection]:
    """With the functions of revision 0009 in the schema ``older``."""
    text = (
        files("doc_assets.store.schema").joinpath("alembic", "versions", "0009_words.sql").read_text(encoding="utf-8")
    )
    functions = text[: text.index("CREATE TABLE recomputation")].replace("doc_assets.", "older.")
    with new_database(server_url) as url:
        schema.upgrade(url)
        with Store(url).connect() as connection:
            connection.execute("CREATE SCHEMA older; SET search_path = older")
            connection.execute(functions.encode())
            yield connection


def test_the_words_of_every_text_are_those_of_the_revision_before(connection: psycopg.Connection) -> None:
    draw = random.Random(10)  # noqa: S311 - the same texts in every run
    drawn = ["".join(draw.choices(PIECES, k=draw.randrange(1, 60))) for _ in range(500)]
    texts = [*CORNERS, *drawn]
    titles = [texts[-place][:40] for place in range(len(texts))]
    differing = connection.execute(
        "SELECT title, content FROM unnest(%s::text[], %s::text[]) AS t (title, content) WHERE"
        " doc_assets.search_vector(title, content) IS DISTINCT FROM older.search_vector(title, content) OR"
        " doc_assets.name_parts(doc_assets.plain_words(content)) <> older.name_parts(older.plain_words(content)) OR"
        " btrim(doc_assets.plain_words(doc_assets.code_text(content)))"
        " <> btrim(older.plain_words(older.code_text(content)))",
        (titles, texts),
    ).fetchall()
    assert differing == []


def test_stop_words_are_those_of_the_server(connection: psycopg.Connection) -> None:
    """All words of one and two letters: the list in search_vector() stands for the server's own."""
    row = connection.execute(
        "WITH letter AS (SELECT chr(n) AS l FROM generate_series(97, 122) n), word AS (SELECT l AS w FROM letter UNION"
        " SELECT a.l || b.l FROM letter a, letter b)"
        " SELECT array_agg(w) FROM word WHERE doc_assets.search_vector('x', '`' || w || '`')"
        " IS DISTINCT FROM older.search_vector('x', '`' || w || '`')"
    ).fetchone()
    assert row == (None,)
