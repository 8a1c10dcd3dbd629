"""What is taken for a pointer to content kept elsewhere, and what is not."""

from __future__ import annotations

import pytest

from doc_assets.document.pointer import LfsPointer, lfs_pointer, pointer_problem

OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n"


@pytest.mark.parametrize(
    "text",
    [
        POINTER,
        POINTER.replace("\n", "\r\n"),
        POINTER.rstrip(),
        "\ufeff" + POINTER,
        "\n" + POINTER + "\n\n",
        POINTER.replace("https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1"),
        POINTER.replace("https://git-lfs.github.com/spec/v1", "http://git-media.io/v/2"),
        POINTER.replace("spec/v1", "spec/v2"),
        POINTER.replace("\noid", f"\next-0-crypt sha256:{OID[::-1]}\noid"),
    ],
)
def test_a_pointer_is_recognised_however_it_was_written(text: str) -> None:
    assert lfs_pointer(text.encode()) == LfsPointer(OID, 12345)
    assert str(pointer_problem(text.encode())).startswith("Git LFS pointer, not the document of 12,345 bytes: ")


def test_a_pointer_of_another_hash_or_without_a_size_cannot_be_fetched_and_is_none_the_less_one() -> None:
    assert lfs_pointer(POINTER.replace("sha256:", "sha512:").encode()) == LfsPointer(None, 12345)
    assert lfs_pointer(POINTER.replace("size 12345\n", "").encode()) == LfsPointer(OID, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version 1.2\n",
        "version https://git-lfs.github.com/spec/v1\n",
        f"# Pointers\n\nA pointer is:\n\n```\n{POINTER}```\n",
        f"{POINTER}\nThis is how a pointer of Git LFS looks.\n",
        POINTER + "x y\n" * 300,
        "oid sha256:abc\nsize 1\n",
    ],
)
def test_a_page_about_pointers_is_none(text: str) -> None:
    assert lfs_pointer(text.encode()) is None
    assert pointer_problem(text.encode()) is None


@pytest.mark.parametrize(
    "text",
    [
        f"/annex/objects/SHA256E-s31390--{OID}.md\n",
        f"../../.git/annex/objects/8x/Kq/MD5E-s4--{OID[:32]}.md/MD5E-s4--{OID[:32]}.md",
    ],
)
def test_pointers_of_git_annex_are_recognised(text: str) -> None:
    assert str(pointer_problem(text.encode())).startswith("git-annex pointer, not the document: ")
    assert pointer_problem(f"See {text}".encode()) is None
