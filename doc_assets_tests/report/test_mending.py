"""Reasons are told in few kinds, each with what mends it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import doc_assets
from doc_assets.document.pointer import pointer_problem
from doc_assets.document.reasons import parted
from doc_assets.report.mending import by_kind, command_for, kind_of, next_step
from doc_assets.store.versions.runs import LeftOutFiles

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 7\n"


@pytest.mark.parametrize(
    ("outcome", "reason", "title", "mending"),
    [
        ("skipped", "redirect to ../a.html", "redirects", "nothing to do"),
        ("skipped", "rustdoc's list of all items", "tables of contents and indexes", "nothing to do"),
        ("skipped", "submodule at commit 0123: not fetched", "submodules", "sources of their own"),
        ("rejected", pointer_problem(POINTER), "only pointers to content kept elsewhere", "lfs: true"),
        ("rejected", "5 characters above the limit (DOC_ASSETS_MAX_X)", "above a limit", "raise DOC_ASSETS_MAX_X"),
        (
            "rejected",
            "archive member that is encrypted: have it packed …",
            "archive member that is encrypted",
            "packed",
        ),
        ("rejected", "the parser failed: KeyError: 'a'", "the parser failed", "report it"),
    ],
)
def test_a_known_reason_says_what_to_do(outcome: str, reason: str, title: str, mending: str) -> None:
    kind = kind_of(outcome, reason)
    assert kind.title == title
    assert mending in kind.mending


def raised_texts() -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each DocumentRejected that is raised with a text of its own."""
    root = Path(doc_assets.__file__).parent
    for path in sorted(part for name in ("formats", "sources", "ingest") for part in (root / name).rglob("*.py")):
        if "DocumentRejected(" not in (source := path.read_text()):
            continue
        for node in ast.walk(ast.parse(source)):
            match node:
                case ast.Call(func=ast.Name(id="DocumentRejected"), args=[ast.JoinedStr() | ast.Constant() as text]):
                    yield f"{path.relative_to(root)}:{node.lineno}", ast.unparse(text)


def test_each_reason_to_reject_a_file_says_what_to_do() -> None:
    texts = dict(raised_texts())
    assert len(texts) > 25
    assert not {place: text for place, text in texts.items() if not parted(text)[1]}


def test_the_title_of_a_kind_leaves_out_what_mends_it() -> None:
    kind = kind_of("rejected", "odd byte at 3: split it, or exclude it in the catalogue")
    assert (kind.title, kind.mending) == ("odd byte at …", "split it, or exclude it in the catalogue")


def test_equal_files_are_rejected_for_the_same_kind_of_reason() -> None:
    reason = "odd byte at 3: split it, or exclude it in the catalogue"
    assert kind_of("rejected", f"same bytes as a.md: {reason}") == kind_of("rejected", reason)


def test_reasons_that_differ_in_numbers_alone_are_of_one_kind() -> None:
    assert kind_of("rejected", "odd byte at 1,017") == kind_of("rejected", "odd byte at 3")
    assert kind_of("rejected", "odd byte at 3") != kind_of("rejected", "odd word at 3")


def test_kinds_come_by_outcome_and_size_with_the_partitions_that_have_most() -> None:
    groups = [
        LeftOutFiles("rust/a", "skipped", "redirect to x", 2, "x.html"),
        LeftOutFiles("rust/b", "skipped", "redirect to y", 7, "y.html"),
        LeftOutFiles("rust/a", "skipped", "empty file", 1, "z.md"),
        LeftOutFiles("rust/a", "rejected", "odd", 1, "w.md"),
    ]
    found = by_kind(groups)
    assert [(one.kind.title, one.files) for one in found] == [("odd", 1), ("redirects", 9), ("no text", 1)]
    assert found[1].partitions == (("rust/b", 7), ("rust/a", 2))
    assert command_for(found[0]) == "doc-assets quarantine retry rust/a"
    assert command_for(found[1]) == "doc-assets manifest rust/b --outcome skipped"


@pytest.mark.parametrize("result", ["failed", "rejected", "refused", "interrupted", "stopped"])
def test_each_bad_end_names_the_command_that_comes_next(result: str) -> None:
    assert "doc-assets migrate rust/a" in next_step("rust/a", result)


def test_the_title_of_a_reason_that_no_kind_is_known_for_is_one_line() -> None:
    assert kind_of("rejected", "odd\n  in 3 lines").title == "odd in … lines"
