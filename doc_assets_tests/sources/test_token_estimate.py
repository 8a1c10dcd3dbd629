"""The tokens that a file is expected to give."""

from doc_assets.sources.token_estimate import expected_tokens


def test_a_file_is_expected_to_give_what_its_format_holds():
    markdown, rustdoc, picture = (expected_tokens([(f"a{s}", 100_000)]) for s in (".md", ".html", ".png"))
    assert markdown > 5 * rustdoc > 50 * picture > 0
