"""Who may send: each form of proof, and nothing less."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from doc_assets.errors import ConfigurationError
from doc_assets.secrets import Secret
from doc_assets.settings import WebhookSettings
from doc_assets.webhook.signatures import NotProven, proven_id, secrets_of

BODY = b'{"ref": "refs/heads/main"}'
KEY = bytes(range(32))
PLAIN, ENCODED = Secret("a shared secret of ours"), Secret(f"whsec_{base64.b64encode(KEY).decode()}")
NOW = 1_800_000_000.0


def of_github(secret: Secret, body: bytes = BODY) -> dict[str, str]:
    return {"x-hub-signature-256": f"sha256={hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()}"}


def standard(key: bytes, body: bytes = BODY, name: str = "msg_1", sent: float = NOW) -> dict[str, str]:
    signed = f"{name}.{sent:.0f}.".encode() + body
    value = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": name, "webhook-timestamp": f"{sent:.0f}", "webhook-signature": f"v1,AAAA v1,{value}"}


GOOD = {
    "github": of_github(PLAIN),
    "gitlab": {"x-gitlab-token": PLAIN.reveal()},
    "standard": standard(KEY),
    "standard, a secret as it is": standard(PLAIN.reveal().encode()),
}
BAD = {
    "nothing": {},
    "another secret": of_github(Secret("some other secret of theirs")),
    "another body": of_github(PLAIN, b"{}"),
    "sha1": {"x-hub-signature": "sha1=00"},
    "no digits": {"x-hub-signature-256": "sha256="},
    "a wrong token": {"x-gitlab-token": "a shared secret of our"},
    "letters of any kind": {"x-gitlab-token": "\u00e9\udcff"},
    "another body, standard": standard(KEY, b"{}"),
    "too old": standard(KEY, sent=NOW - 301),
    "too young": standard(KEY, sent=NOW + 301),
    "another id": standard(KEY) | {"webhook-id": "msg_2"},
    "no time": standard(KEY) | {"webhook-timestamp": ""},
    "a wrong one beside a right one": standard(bytes(32)) | of_github(PLAIN),
}


@pytest.mark.parametrize("headers", GOOD.values(), ids=GOOD)
def test_each_form_of_proof_is_taken_with_any_of_the_secrets(headers: dict[str, str]):
    other = Secret("yet another shared secret")
    assert len(proven_id(headers, BODY, [other, PLAIN, ENCODED], NOW)) == 64


@pytest.mark.parametrize("headers", BAD.values(), ids=BAD)
def test_what_proves_nothing_is_refused(headers: dict[str, str]):
    with pytest.raises(NotProven):
        proven_id(headers, BODY, [PLAIN, ENCODED], NOW)


def test_a_delivery_is_known_by_what_is_signed_and_not_by_what_anybody_may_write():
    again = of_github(PLAIN) | {"x-github-delivery": "of the attacker's choice"}
    assert proven_id(again, BODY, [PLAIN], NOW) == proven_id(of_github(PLAIN), BODY, [PLAIN], NOW)
    token = {"x-gitlab-token": PLAIN.reveal()}
    first, second, sent_again = (proven_id(token | {"idempotency-key": key}, BODY, [PLAIN], NOW) for key in "121")
    assert first == sent_again != second
    later = proven_id(standard(KEY, sent=NOW + 60), BODY, [ENCODED], NOW + 60)
    assert later == proven_id(standard(KEY), BODY, [ENCODED], NOW)
    assert later != proven_id(standard(KEY, name="msg_2"), BODY, [ENCODED], NOW)


def test_secrets_come_from_one_place_and_are_long_enough(tmp_path: Path):
    file = tmp_path / "secrets"
    file.write_text("the newer shared secret\n\nthe older shared secret\n")
    found = secrets_of(WebhookSettings(secret_file=file))
    assert [one.reveal() for one in found] == ["the newer shared secret", "the older shared secret"]
    for wrong, says in (
        (WebhookSettings(), "need a secret"),
        (WebhookSettings(PLAIN, file), "are both set"),
        (WebhookSettings(Secret("Zq9-7x")), "too short"),
        (WebhookSettings(secret_file=tmp_path / "none"), "cannot be read"),
    ):
        with pytest.raises(ConfigurationError, match=says):
            secrets_of(wrong)
