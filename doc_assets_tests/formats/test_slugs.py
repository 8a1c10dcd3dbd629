"""Fragments of headings: the rules of the sites that make them."""

from __future__ import annotations

import pytest

from doc_assets.formats import slugs


@pytest.mark.parametrize(
    ("heading", "fragment"),
    [
        ("GET /v1/pools/{poolId}", "get-v1poolspoolid"),
        ("सेवा का उपयोग", "सेवा-का-उपयोग"),
        ("การตั้งค่า", "การตั้งค่า"),
        ("Ⅷ and ² of Ⓐ", "ⅷ-and--of-ⓐ"),
        ("Größe & `a_b`", "größe--a_b"),
    ],
)
def test_github_keeps_letters_marks_and_decimals(heading: str, fragment: str) -> None:
    """As github-slugger 2.0 does."""
    assert slugs.github(heading) == fragment


@pytest.mark.parametrize(
    ("heading", "old", "new"),
    [
        ("Method-call 🐙 expressions", "method-call--expressions", "method-call--expressions"),
        ("Über", "Über", "über"),
        ("<T> of a type", "t-of-a-type", "t-of-a-type"),
        ("& and && operators", "and--operators", "-and--operators"),
        ("`--passes`: add", "--passes-add", "--passes-add"),
        ("हिन्दी ⚙️", "हिनदी-", "हिनदी-"),
    ],
)
def test_mdbook_changed_its_rule_with_0_5(heading: str, old: str, new: str) -> None:
    assert (slugs.mdbook_0_4(heading), slugs.mdbook(heading)) == (old, new)


@pytest.mark.parametrize(
    ("rule", "heading", "fragment"),
    [
        (slugs.hugo, "सेवा A/B", "सव-ab"),
        (slugs.hugo, "???", "heading"),
        (slugs.pandoc, "3. R 4.2's  new_pipe: |>", "r-4.2s-new_pipe"),
        (slugs.pandoc, "2024", "section"),
        (slugs.python_markdown, "1. Tool Security & Least Privilege", "1-tool-security-least-privilege"),
        (slugs.docutils, "1. Größe of a_b", "grosze-of-a-b"),
        (slugs.vitepress, "1. Set up `a_b` – now", "_1-set-up-a-b-–-now"),  # noqa: RUF001
        (slugs.vitepress, "Café (beta)", "cafe-beta"),
    ],
)
def test_other_sites_have_other_rules(rule: slugs.Slug, heading: str, fragment: str) -> None:
    assert rule(heading) == fragment
