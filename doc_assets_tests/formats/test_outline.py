"""Titles and anchors from headings, for every format."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets.formats.outline import Anchors, outline
from doc_assets.formats.parts import Heading, Part
from doc_assets.formats.slugs import mdbook_0_4

TEXT = Block("Text.")


def title(*parts: Part, name: str = "Tick lens") -> str:
    return outline(parts, title=None, fallback=name)[0]


@pytest.mark.parametrize("part", ["Functions", "Parameters:", "Return Values", "TL;DR"])
def test_the_name_of_a_part_is_no_title(part: str) -> None:
    assert title(Heading(2, part), Heading(3, "getTicks"), TEXT) == "Tick lens"
    assert title(Heading(2, part), TEXT) == "Tick lens"
    assert outline([Heading(2, part), TEXT], title=None, fallback="x")[1][0].heading_path == (part,)


def test_a_plural_above_further_headings_names_them_and_not_the_page() -> None:
    assert title(Heading(2, "Opcodes"), Heading(3, "ADD"), TEXT) == "Tick lens"
    assert title(Heading(2, "Opcodes"), TEXT) == "Opcodes"


def test_the_name_of_a_part_is_the_title_of_a_page_named_so() -> None:
    assert title(Heading(2, "Functions"), TEXT, name="Ch03 03 how functions work") == "Functions"
    assert title(Heading(2, "Installation"), Heading(3, "On Linux"), TEXT, name="Ch01 installation") == "Installation"


def test_a_sole_opening_heading_is_the_title() -> None:
    assert title(Heading(2, "Data types"), TEXT, Heading(3, "Scalars"), TEXT) == "Data types"
    assert title(Heading(2, "Only top"), Heading(3, "Sub"), TEXT) == "Only top"
    assert title(Heading(1, "Functions"), TEXT) == "Functions"
    assert title(TEXT, Heading(2, "Data types"), TEXT) == "Tick lens"


def test_anchors_follow_the_rule_of_the_site() -> None:
    anchors = Anchors(mdbook_0_4)
    assert [anchors.take(heading) for heading in ("Über", "Über", "& so")] == ["Über", "Über-1", "so"]
