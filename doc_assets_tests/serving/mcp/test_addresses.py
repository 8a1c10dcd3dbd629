"""``docs://`` addresses name what ids name."""

from __future__ import annotations

import pytest

from doc_assets.errors import Misuse
from doc_assets.serving.mcp.addresses import Address


@pytest.mark.parametrize(
    "address",
    [
        Address("rust/crate-tokio"),
        Address("rust/crate-tokio/tokio.json@fn.tokio::spawn", "12"),
        Address("a/b/what is this? #1 100%.md", "3", 2),
        Address("a/b/ü/日本.md", page=4),
    ],
)
def test_an_address_is_read_as_it_was_written(address):
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "file:///etc/passwd",
        "docs://",
        "docs://rust",
        "docs://a/b/c?page=0",
        "docs://a/b/c?x=1",
        "docs://a/b?snapshot=now",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(Misuse, match="no address of a resource"):
        Address.parse(text)
