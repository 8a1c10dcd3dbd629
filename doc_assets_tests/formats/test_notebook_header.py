"""Headers of scripts that are notebooks."""

from __future__ import annotations

from doc_assets.formats.notebook_header import page_facts, read_header


def test_a_header_ends_where_its_comments_end_and_its_own_facts_are_apart() -> None:
    text = "# ---\n# jupyter:\n#   kernelspec: {name: x}\n# author: Ada\n# ---\n\na = 1\n"
    header = read_header(text, ".py")
    assert text[header.end :] == "\na = 1\n" and header.notebook == {"kernelspec": {"name": "x"}}
    assert page_facts(text, ".py") == {"author": "Ada"}
    assert read_header("# ---\n# jupyter: x\ncode\n# ---\n", ".py").end == 0
