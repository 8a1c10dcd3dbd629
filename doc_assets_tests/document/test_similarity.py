"""Signatures of texts, subjects of titles and versions, without a database."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given

from doc_assets.document.similarity import (
    ALIKE,
    ALIKE_UNDER_ANOTHER_TITLE,
    MAX_CHARACTERS,
    Signature,
    least_similarity,
    similarity,
    subject,
    version_of,
)
from doc_assets_tests.support.texts import any_text


def signed(text: str) -> Signature:
    signature = Signature.of(text)
    assert signature is not None
    return signature


def alike(one: str, other: str) -> float:
    return similarity(signed(one).minhash, signed(other).minhash)


def prose(seed: int, words: int) -> list[str]:
    return [f"word{seed}x{i}" for i in range(words)]


def jaccard(one: list[str], other: list[str]) -> float:
    a, b = ({tuple(words[i : i + 5]) for i in range(len(words) - 4)} for words in (one, other))
    return len(a & b) / len(a | b)


def test_a_text_has_the_same_signature_on_every_machine() -> None:
    # Stored signatures are compared with new ones: a change of this value needs a revision of the store.
    signature = signed("The verifier walks every path of a program — twice, if the state “differs”. " * 3)
    assert hashlib.sha256(signature.minhash).hexdigest()[:16] == "a0ff905937d75d3a"
    assert hashlib.sha256(np.array(signature.bands, "<i8").tobytes()).hexdigest()[:16] == "d4582035812cc95e"


def test_the_forms_of_one_text_have_one_signature() -> None:
    forms = [
        "*Maps* are ``key/value`` stores -- see 'libbpf'.\n\nCall bpf_map_lookup_elem() to read, na\u00efvely.",
        "Maps\n\nare `key/value` stores \u2013 see \u2018libbpf: Call `bpf_map_lookup_elem` to\tread na\u00efvely",
        "Maps are key/value stores\u00a0\u2014 see \u201clibbpf\u2026 Call bpf_map_lookup_elem() to READ, na\u00efvely",
    ]
    assert len({signed(form) for form in forms}) == 1


def test_similarity_estimates_the_share_of_common_shingles() -> None:
    errors = []
    for seed in range(60):
        text = prose(seed, 300)
        other = text[: 60 + 4 * seed] + prose(seed + 1000, 240 - 4 * seed)
        errors.append(alike(" ".join(text), " ".join(other)) - jaccard(text, other))
    assert abs(float(np.mean(errors))) < 0.02
    assert max(map(abs, errors)) < 0.17  # four standard deviations of 128 slots


def test_texts_that_are_alike_share_a_band_and_others_share_none() -> None:
    for seed in range(60):
        text = prose(seed, 200)
        changed = text[:170] + prose(seed + 1000, 30)
        assert jaccard(text, changed) > ALIKE
        assert {*signed(" ".join(text)).bands} & {*signed(" ".join(changed)).bands}
        assert not {*signed(" ".join(text)).bands} & {*signed(" ".join(prose(seed + 2000, 200))).bands}


def test_the_order_of_words_counts() -> None:
    words = prose(1, 200)
    assert alike(" ".join(words), " ".join(reversed(words))) < 0.1


def test_a_few_words_have_a_signature_and_no_words_have_none() -> None:
    assert alike("This page moved.", "this page moved") == 1
    assert alike("This page moved.", "that page moved") < 0.1
    for text in ("", " \n", "— … !?", "***"):
        assert Signature.of(text) is None


@given(any_text())
def test_every_text_can_be_signed(text: str) -> None:
    signature = Signature.of(text)
    assert signature == Signature.of(text)
    assert signature is None or (len(signature.minhash), len(signature.bands)) == (512, 32)


@pytest.mark.parametrize("text", ["one two three four five six seven", "x" * 40, "日本語" * 10, "\n" * 40])
def test_a_long_text_is_signed_by_its_first_part(text: str) -> None:
    assert Signature.of(text, max_characters=20) == Signature.of(text[:20])
    assert Signature.of(text + " " * MAX_CHARACTERS + "other words at the end") == Signature.of(text)


@pytest.mark.parametrize(
    ("one", "other", "least"),
    [
        ("BPF ring buffer", "BPF Ring Buffer", ALIKE),
        ("1 Clang notes", "Clang notes", ALIKE),
        ("cargo-add(1)", "cargo-add", ALIKE),
        ("Struct http::uri::Uri", "Struct hyper::Uri", ALIKE_UNDER_ANOTHER_TITLE),
        ("Appendix A", "Appendix A: Keywords", ALIKE_UNDER_ANOTHER_TITLE),
        ("Code of Conduct", "Contributor Covenant Code of Conduct", ALIKE_UNDER_ANOTHER_TITLE),
        ("Helper 'bpf_sk_lookup_tcp'", "Helper 'bpf_sk_lookup_udp'", None),
        ("Helper 'btf__parse'", "Helper 'btf__parse_elf'", None),
        ("Map 'CGROUP_STORAGE'", "Map 'PERCPU_CGROUP_STORAGE'", None),
        ("cilium-operator hive", "cilium-operator-aws hive", None),
        ("Summit 2023", "Summit 2024", None),
        ("Struct http::Uri", "Enum http::Uri", None),
        ("…", "Index", None),
    ],
)
def test_titles_say_how_alike_texts_must_be(one: str, other: str, least: float | None) -> None:
    assert least_similarity(one, other) == least_similarity(other, one) == least


def test_the_subject_of_a_title_has_no_module_paths() -> None:
    assert subject("Function std::fs::read_to_string") == "function read_to_string"
    assert subject("KFunc 'bpf_iter_next'") == "kfunc bpf_iter_next"


@pytest.mark.parametrize(
    ("metadata", "path", "same_as"),
    [
        ({"version": "v1.14"}, "", "1.14.0"),
        ({"version": "1.14.0+build"}, "docs/v2.0/a.md", "1.14"),
        ({}, "public/talos/v1.14/reference/a.mdx", "1.14"),
        ({"version": "latest"}, "log-0.4.17.json", "0.4.17"),
        ({}, "docs/contracts/v4/a.md", "4"),
        ({"version": 2}, "", "2.0"),
    ],
)
def test_a_version_is_stated_or_stands_in_the_path(metadata: dict, path: str, same_as: str) -> None:
    assert version_of(metadata, path) == version_of({"version": same_as}, "") is not None


@pytest.mark.parametrize("path", ["ch01-02-intro.md", "2023-10-24-news/index.md", "rfc7540.md", "x86/setup.md"])
def test_a_number_alone_is_no_version(path: str) -> None:
    assert version_of({}, path) is None


def test_versions_compare_as_versions() -> None:
    ordered = ["0.9", "1.9.9", "1.14.0-alpha.2", "1.14", "1.14.1", "1.100", "2-beta", "2", "10.0"]
    found = [version_of({"version": version}, "") for version in ordered]
    assert found == sorted(found, key=lambda version: version or ())
    assert len(set(found)) == len(found)
