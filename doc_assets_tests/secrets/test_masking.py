"""Properties of the masking: a known secret is found in every form, and nothing else is touched."""

from __future__ import annotations

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doc_assets.errors import SourceError
from doc_assets.secrets import forget_all, learn, learn_address, learn_environment, mask, mask_data
from doc_assets_tests.support.random_secrets import secrets
from doc_assets_tests.support.texts import any_text

# How a server, a library or a log may write a value.
FORMS = {
    "plain": str,
    "percent": lambda v: quote(v, safe=""),
    "percent of a path": quote,
    "form": quote_plus,
    "percent twice": lambda v: quote(quote(v, safe=""), safe=""),
    "lower case percent": lambda v: "".join(c if c.isalnum() and c.isascii() else quote(c, safe="").lower() for c in v),
    "JSON": json.dumps,
    "JSON in JSON": lambda v: json.dumps(json.dumps(v)),
    "JSON in UTF-8": lambda v: json.dumps(v, ensure_ascii=False),
    "repr": repr,
    "ascii": ascii,
    "bytes": lambda v: repr(v.encode()),
    "HTML": html.escape,
    "base64 of a login": lambda v: base64.b64encode(f"robot:{v}".encode()).decode(),
    "base64 of a token as name": lambda v: base64.b64encode(f"{v}:".encode()).decode(),
    "URL-safe base64": lambda v: base64.urlsafe_b64encode(f"xy{v}z".encode()).decode(),
    "hexadecimal": lambda v: v.encode().hex(),
}


@given(value=secrets(), form=st.sampled_from(sorted(FORMS)))
def test_a_secret_is_masked_in_every_form(value: str, form: str) -> None:
    forget_all()
    learn(value)
    written = FORMS[form](value)
    for shown in (mask(f"it was {written} there"), mask_data(f"it was {written} there")):
        assert "***" in shown
        assert value not in shown
        assert len(shown) <= len("it was  there") + 12, shown


@given(any_text())
def test_without_secrets_every_text_stays_as_it_is(text: str) -> None:
    forget_all()
    assert mask_data(text) == text


def test_a_secret_that_could_be_a_word_is_masked_in_sentences_as_a_word_and_left_in_documents() -> None:
    learn("postgres")
    assert mask('password "postgres" of postgresql://h') == 'password "***" of postgresql://h'
    assert mask("%20postgres, \\npostgres") == "%20***, \\n***"
    assert mask_data("psql -U postgres") == "psql -U postgres"


def test_a_value_that_another_one_begins_with_is_masked_whole() -> None:
    learn("abc-12345")
    learn("abc-12345-67890")
    assert mask("abc-12345-67890 abc-12345") == "*** ***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://u:p4ss@h/x.tar?private_token=a&ref=main", "https://***@h/x.tar?private_token=***&ref=main"),
        ("see https://user:p@ss@h/x", "see https://***@h/x"),
        ("see https://user:p/ss@h/x", "see https://***@h/x"),
        ("postgresql://u:p4ss@h/db failed", "postgresql://***@h/db failed"),
        ("host=h password='a b' dbname=d", "host=h password=*** dbname=d"),
        ("Authorization: Bearer abc.DEF-123456", "Authorization: Bearer ***"),
        ("Illegal header value b'Bearer x\\n'", "Illegal header value ***"),
        ("https://h/x?X-Amz-Signature=ab&X-Amz-Date=1", "https://h/x?X-Amz-Signature=***&X-Amz-Date=1"),
    ],
)
def test_what_looks_like_a_secret_is_masked_in_sentences_without_being_known(text: str, shown: str) -> None:
    assert mask(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "https://registry.example.org/@types/node",
        "https://host:8080/@scope/name and me@example.org",
        "Basic authentication failed, Bearer authentication too",
        "one like postgresql://user:password@host:5432/name is needed",
    ],
)
def test_what_only_resembles_one_stays(text: str) -> None:
    learn_address(text if text.startswith("https") else "")
    assert mask(text) == text


def test_the_secrets_of_the_environment_are_known() -> None:
    learn_environment(
        {
            "DOC_ASSETS_DATABASE_URL": "postgresql://role:data%40base-1@h/d?sslpassword=key-pass-2",
            "DOC_ASSETS_EMBEDDING_URL": "https://h/embed?api-version=2024-02-01&code=Fq83hGa1",
            "HTTPS_PROXY": "robot:proxy-pass-3@proxy:3128",
            "PGPASSWORD": "pg-pass-4\n",
        }
    )
    said = "data@base-1 key-pass-2 Fq83hGa1 proxy-pass-3 pg-pass-4 2024-02-01 role robot proxy"
    assert mask(said) == "*** *** *** *** *** 2024-02-01 role robot proxy"


def test_every_error_masks_its_message() -> None:
    learn("Fq83hGa1")
    error = SourceError("https://u:p4ss@h answered: no such key Fq83hGa1", 7)
    assert str(error.args[0]) == "https://***@h answered: no such key ***"
    assert error.args[1] == 7


@pytest.mark.parametrize(
    "text", ["://", "://a:", "?key", "&token", "password='\\", "Bearer 1", "Illegal header value '"]
)
def test_masking_takes_time_in_proportion_to_the_text(text: str) -> None:
    started = time.thread_time()
    mask(text * (50_000 // len(text)))
    assert time.thread_time() - started < 5  # 0.1 s; quadratic patterns took a minute
