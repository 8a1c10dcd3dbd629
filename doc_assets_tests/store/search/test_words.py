"""Words: what is stored of a text and what a query asks for are the same, however either was typed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import unicodedata
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from doc_assets.store.database.connection import Store
from doc_assets.store.schema import schema
from doc_assets_tests.support import services
from doc_assets_tests.support.databases import new_database
from doc_assets_tests.support.postgres_servers import postgres


@pytest.fixture(scope="module")
def connection(server_url: str) -> Iterator[psycopg.Connection]:
    with new_database(server_url) as url:
        schema.upgrade(url)
        with Store(url).connect() as connection:
            yield connection


def stored(connection: psycopg.Connection, text: str, breadcrumb: str = "Page") -> set[str]:
    row = connection.execute("SELECT tsvector_to_array(search_vector(%s, %s))", (breadcrumb, text)).fetchone()
    assert row is not None
    return set(row[0])


def asked(connection: psycopg.Connection, query: str, *, whole: bool = True) -> set[str]:
    """The lexemes of whole words, else those of parts of names as well."""
    rows = connection.execute("SELECT lexeme FROM query_lexemes(%s) WHERE whole OR NOT %s", (query, whole)).fetchall()
    return {lexeme for (lexeme,) in rows}


TYPED = [
    ("“quoted” ‘words’ «here»…", "quoted words here"),  # noqa: RUF001
    ("the users’ files", "users' files"),  # noqa: RUF001
    ("a soft\u00adhyphen", "softhyphen"),
    ("zero\u200bwidth", "zerowidth"),
    ("word\u2060joiner", "wordjoiner"),
    ("softhyphen", "soft\u00adhyphen"),
    ("\ufeffmarked", "marked"),
    ("em—dash", "em dash"),
    ("no\u00a0break", "break"),
    ("ＷＩＤＥ ｌｅｔｔｅｒｓ", "wide letters"),  # noqa: RUF001
    ("ﬁle ﬂow", "file flow"),
    ("cafe\u0301", "CAFÉ"),
    ("İSTANBUL", "istanbul"),
    ("ISTANBUL", "ıstanbul"),  # noqa: RUF001
    ("ΟΔΟΣ", "οδος"),
    ("ПРИВЕТ", "привет"),
    ("Größe", "GRÖßE"),
    ("Foo™ bar®", "foo bar"),
    ("a➡️b", "b"),
    ("日本語。テスト", "テスト"),
    ("tab\tone\x01two\x7f", "one two"),
]


@pytest.mark.parametrize(("text", "query"), TYPED)
def test_what_is_typed_finds_what_is_stored(connection: psycopg.Connection, text: str, query: str) -> None:
    wanted = asked(connection, query)
    assert wanted and wanted <= stored(connection, text)


NAMES = {
    "CiliumBGPPeeringPolicy": "bgp peering",
    "IPPool": "ip pool",
    "HTTPServer": "http server",
    "JSONValue": "json value",
    "parseURLs": "parse url",
    "IPv6Pool": "ipv6 pool",
    "OAuth2Token": "oauth2 token",
    "OAuthToken": "oauth token",
    "getHTTPResponseCode": "http response code",
    "XMLHttpRequest": "xml http request",
    "PodIPs": "pod ips",
    "IPsPerNode": "ip per node",
    "URLsToCheck": "urls check",
    "gRPCRoute": "grpc route",
    "eBPFProgram": "ebpf program",
    "TLSv1Config": "tlsv1 config",
    "SHA256Digest": "sha256 digest",
    "S3Bucket": "s3 bucket",
    "K8sAPI": "k8s api",
    "MapSpec": "map spec",
    "spin_lock_irqsave": "lock irqsave",
    "std::sync::MutexGuard": "mutex guard",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found_whole_in_any_case_and_by_its_parts_and_finds_them(
    connection: psycopg.Connection, name: str
) -> None:
    vector = stored(connection, f"see {name} for more")
    for query in (name, name.lower(), name.upper(), NAMES[name]):
        assert asked(connection, query) <= vector, query
    assert asked(connection, name, whole=False) & stored(connection, NAMES[name])


@pytest.mark.parametrize("word", ["while", "where", "for", "if", "do", "in", "as", "not", "and", "or", "is", "this"])
def test_a_keyword_that_is_a_stop_word_counts_where_nothing_else_is_asked(
    connection: psycopg.Connection, word: str
) -> None:
    assert asked(connection, word) == asked(connection, word.upper()) == {word, f"`{word}`"}
    assert asked(connection, f"{word} loops") == {"loop"}
    assert word in stored(connection, f"it says {word} here")


def code(connection: psycopg.Connection, text: str) -> set[str]:
    return {lexeme.strip("`") for lexeme in stored(connection, text) if "`" in lexeme}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Use `while` until it ends, and `for x in y`.", {"while", "for", "in"}),
        ("for (int i = 0; i < n; i++) {\n    if (done) {", {"for", "i", "if"}),
        ("while not queue.empty():\n    pass", {"while", "not"}),
        ("from os import path as where", {"from", "as", "where"}),
        ("SELECT * FROM t WHERE x IS NOT NULL", {"from", "where", "is", "not", "t"}),
        ("for f in *.txt; do echo; done", {"for", "in", "do"}),
        ("Call for_each, Option::as_ref and self.is_empty.", {"for", "each", "as", "self", "is"} - {"self"}),
        ("An AsRef is given with --no-verify.", {"as", "no"}),
        ("It is what is done while it waits: for example, if this is so.", set()),
    ],
)
def test_stop_words_in_code_have_a_lexeme_of_their_own(
    connection: psycopg.Connection, text: str, words: set[str]
) -> None:
    assert code(connection, text) == words
    for word in words:
        assert f"`{word}`" in asked(connection, f"how to use `{word}` here")


def test_only_letters_digits_and_accents_are_in_words(connection: psycopg.Connection) -> None:
    """By Python's own table, but for characters that one of both does not know yet."""
    kept = ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd", "Nl")
    points = [chr(n) for n in range(0x80, 0x20000) if unicodedata.category(chr(n)) not in ("Cn", "Cs", "Co")]
    row = connection.execute(
        "SELECT array_agg(fold_text('a' || c || 'z') ORDER BY n) FROM unnest(%s::text[]) WITH ORDINALITY AS t (c, n)",
        (points,),
    ).fetchone()
    assert row is not None
    spaced = {c for c, folded in zip(points, row[0], strict=True) if folded == "a z"}
    vanished = {c for c, folded in zip(points, row[0], strict=True) if folded == "az"}
    letters = {c for c in points if unicodedata.category(c) in kept}
    assert not spaced & letters
    assert {c for c in vanished if unicodedata.category(c) != "Cf"} <= set("\u034f\u115f\u1160\u17b4\u17b5\u3164") | {
        chr(n) for n in (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), 0xFFA0)
    }
    assert set(points) - letters <= spaced | vanished


def test_a_word_that_no_index_can_hold_is_left_out(connection: psycopg.Connection) -> None:
    assert stored(connection, "x" * 5000 + " short") >= {"short"}


@pytest.fixture
def turkish(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The locale tr_TR.UTF-8 for servers that are started meanwhile; a folder that their user can read."""
    folder = Path(tempfile.mkdtemp(prefix="doc-assets-locales-"))
    try:
        folder.chmod(0o755)
        made = ["localedef", "--no-archive", "-i", "tr_TR", "-f", "UTF-8", str(folder / "tr_TR.UTF-8")]
        subprocess.run(made, check=True, capture_output=True)
        monkeypatch.setenv("LOCPATH", str(folder))
        yield
    finally:
        shutil.rmtree(folder)


@pytest.mark.services("postgresql-15", "locales")
def test_words_are_the_same_on_another_server_with_other_locales(connection: psycopg.Connection, turkish: None) -> None:
    texts = [text for text, _ in TYPED] + [
        f"I SEE {name} IN ISTANBUL \u0627\u0644\u0652\u0639 \u0939\u093f\u0928" for name in NAMES
    ]
    wanted = [(stored(connection, text, "IT IS I"), asked(connection, text)) for text in texts]
    versions = files("doc_assets.store.schema").joinpath("alembic", "versions")
    with postgres(services.program("postgresql-15").parent) as url:
        locales: tuple[LiteralString, ...] = (
            "LOCALE 'C'",
            "LOCALE 'C.UTF-8'",
            "LOCALE 'tr_TR.UTF-8'",
            "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C.UTF-8'",
            "LOCALE_PROVIDER icu ICU_LOCALE 'lt' LOCALE 'tr_TR.UTF-8'",
        )
        for options in locales:
            with (
                new_database(url, f"TEMPLATE template0 ENCODING 'UTF8' {options}") as other,
                psycopg.connect(other, autocommit=True) as session,
            ):
                session.execute("CREATE SCHEMA doc_assets; SET search_path = doc_assets; CREATE TABLE chunk (id bytea)")
                for revision in ("0009_words.sql", "0011_faster_words.sql"):
                    session.execute(versions.joinpath(revision).read_bytes())
                assert [(stored(session, text, "IT IS I"), asked(session, text)) for text in texts] == wanted, options


def test_what_is_too_long_for_a_name_is_not_parted(connection: psycopg.Connection) -> None:
    assert {"ab", "cd"} <= stored(connection, "x" * 92 + "AbCd")
    assert stored(connection, "aB" * 51) == {"page", "ab" * 51}
