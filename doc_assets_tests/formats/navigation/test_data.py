"""Data of navigation files: literals of scripts, YAML with tags of programs, limits."""

from __future__ import annotations

import pytest

from doc_assets.formats.navigation.data import front_matter, read_data


@pytest.mark.parametrize(
    ("script", "value"),
    [
        (
            "export default {a: 'x', 'b-c': [1, 2.5, -3,], /* no */ d: {e: null}, f: true,};",
            {"a": "x", "b-c": [1, 2.5, -3], "d": {"e": None}, "f": True},
        ),
        ("module.exports = {a: 'it\\'s', b: \"\\u00e9\\x41\\u{1F600}\\n\"}", {"a": "it's", "b": "éA😀\n"}),
        ("// c\nconst m: Meta = {a: `b`} as const;\nexport default m;\n", {"a": "b"}),
        ("let x = {a: 1}\nmodule.exports = x", {"a": 1}),
        ("export default {a: f()}", None),
        ("export default {a: b}", None),
        ("export default {a: 'b' + 'c'}", None),
        ("export default { ...other }", None),
        ("export default {a: `${b}`}", None),
        ("export default {a: 'b'", None),
        ("export default missing", None),
        ("const a = {b: 1}", None),
    ],
)
def test_a_script_gives_its_value_only_as_a_plain_literal(script: str, value: object) -> None:
    assert read_data(script.encode(), "x.ts") == value


def test_json_may_have_comments_and_trailing_commas() -> None:
    assert read_data(b'\xef\xbb\xbf{"a": [1, 2], // c\n}', "docs.json") == {"a": [1, 2]}


def test_yaml_with_tags_of_programs_is_read_without_their_values() -> None:
    text = b"a: !!python/name:os.system\nb: !ENV [X, y]\nc: !!python/object/apply:os.getcwd []\nd: [x]\n"
    assert read_data(text, "mkdocs.yml") == {"a": None, "b": None, "c": None, "d": ["x"]}


def test_what_is_long_nested_or_aliased_beyond_the_limits_is_nothing() -> None:
    assert read_data(b"[" * 60 + b"]" * 60, "a.json") is not None
    assert read_data(b"[" * 61 + b"]" * 61, "a.json") is None
    assert read_data(b'"' + b"x" * 1_499_998 + b'"', "a.json") is not None
    assert read_data(b'"' + b"x" * 1_499_999 + b'"', "a.json") is None
    assert read_data(b"- " * 39 + b"x", "a.yml") is not None
    assert read_data(b"- " * 40 + b"x", "a.yml") is None
    assert read_data(b"a: &a 1\nb: [" + b"*a, " * 20 + b"]", "a.yml") is not None
    assert read_data(b"a: &a 1\nb: [" + b"*a, " * 21 + b"]", "a.yml") is None


def test_front_matter_is_yaml_toml_or_json_at_the_head_of_a_page() -> None:
    assert front_matter(b"---\r\ntitle: A\r\n---\r\ntext") == {"title": "A"}
    assert front_matter(b'+++\ntitle = "A"\n+++\ntext') == {"title": "A"}
    assert front_matter(b'{\n  "title": "A"\n}\ntext {') == {"title": "A"}
    for text in (b"text", b"{{< x >}}", b"---\n- a\n---\n", b"+++\ntitle =\n+++\n", b"---\nno end"):
        assert front_matter(text) == {}
