"""What MDX pages say of themselves in exports."""

from __future__ import annotations

import pytest

from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.exports import exported_facts
from doc_assets.formats.registry import parse


@pytest.mark.parametrize(
    "statement",
    [
        "export const metadata = {\n  // the page\n  openGraph: { title: 'no' },\n  title: 'Swap fees',\n}",
        'export const metadata: Metadata = { tags: ["title: x"], "title": "Swap fees", }',
        "export const metadata = { title: { template: '%s | x', default: 'Swap fees' } }",
        "export const meta = createMeta({ title: `Swap fees` })",
        'export const title = "Swap fees";',
    ],
)
def test_the_title_is_that_of_the_page_and_no_other(statement: str) -> None:
    assert exported_facts(statement) == {"title": "Swap fees"}


@pytest.mark.parametrize(
    "statement", ["export const metadata = { title: name }", "export const metadata = {", "export const title = f('x')"]
)
def test_what_would_have_to_be_evaluated_is_left(statement: str) -> None:
    assert exported_facts(statement) == {}


def test_front_matter_has_precedence() -> None:
    page = "---\ntitle: Fees\n---\nexport const metadata = {title: 'no', description: 'What it costs.'}\n\nText.\n"
    document = parse(RawFile("a.mdx", page.encode()))[0]
    assert (document.title, document.metadata["description"]) == ("Fees", "What it costs.")
