"""Properties of the type of secrets: it shows nothing, wherever it goes, and says why a value cannot be sent."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle

import pytest

from doc_assets.secrets import Secret, SecretAddress, address_problem, forget_all, header_problem, mask, text_problem
from doc_assets.settings import Settings

VALUE = "s3cr3t-Value"


def test_no_representation_shows_it() -> None:
    secret = Secret(VALUE)
    shown = f"{secret} {secret!r} {[secret]} {json.dumps([secret], default=str)}"
    assert VALUE not in shown
    assert secret.reveal() == VALUE


def test_settings_show_none_of_theirs_and_compare_by_them() -> None:
    given = {
        "DOC_ASSETS_DATABASE_URL": f"postgresql://u:{VALUE}@h/d",
        "DOC_ASSETS_EMBEDDING_URL": f"https://u:{VALUE}@h/embed?code={VALUE}",
        "DOC_ASSETS_EMBEDDING_API_KEY": VALUE,
    }
    settings = Settings.from_environment(given)
    assert VALUE not in f"{settings} {dataclasses.asdict(settings)}"
    assert settings == Settings.from_environment(given)
    assert len({settings, Settings.from_environment(given)}) == 1
    assert settings != Settings.from_environment(given | {"DOC_ASSETS_EMBEDDING_API_KEY": "other"})


@pytest.mark.parametrize("kind", [Secret, SecretAddress])
def test_a_process_that_receives_it_masks_it(kind: type[Secret]) -> None:
    sent = pickle.dumps(kind(f"https://u:{VALUE}@h/"))
    forget_all()
    received = pickle.loads(sent)  # noqa: S301 - of this test
    assert received.reveal() == f"https://u:{VALUE}@h/"
    assert mask(f"no {VALUE} here") == "no *** here"
    assert copy.deepcopy(received) == received


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://h:8/v1", "https://h:8/v1"),
        ("https://u:p@h:8/v1?code=abc&flag", "https://***@h:8/v1?code=***&flag"),
        ("https://token@h/", "https://***@h/"),
        ("https://u:p/w@h/", "***"),
    ],
)
def test_an_address_is_shown_without_what_is_secret_in_it(address: str, shown: str) -> None:
    assert str(SecretAddress(address)) == shown


def test_what_no_request_can_carry_is_named_and_not_quoted() -> None:
    for problem, value in (
        (text_problem, f"{VALUE}\n{VALUE}"),
        (text_problem, f"{VALUE}\x7f"),
        (text_problem, f"{VALUE}\udc80"),
        (header_problem, f"{VALUE}\t"),
        (header_problem, f"{VALUE}ä"),
        (address_problem, f"https://u:{VALUE}@h /"),
        (address_problem, f"https://u:{VALUE}/@h"),
        (address_problem, f"https://u:{VALUE}@h:port/"),
        (address_problem, f"https://u:{VALUE}@"),
        (address_problem, f"https://[{VALUE}"),
    ):
        said = problem(value)
        assert said is not None, value
        assert VALUE not in said
    assert text_problem("pass word ä€") is None
    assert header_problem("Ab1-._~+/=") is None
    assert address_problem("https://u:p%40w@[::1]:8/x?y=z") is None
    assert address_problem("https://h/a file.tar") is None  # the client writes it as %20
