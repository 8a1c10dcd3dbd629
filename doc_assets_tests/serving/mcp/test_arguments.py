"""What models send is understood where it has one meaning, and explained where it has none."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from doc_assets.serving.mcp.arguments import FetchDoc, ListSources, SearchDocs


@pytest.mark.parametrize(
    "given",
    [
        {"q": "x", "type": "rust", "top_k": 3},
        {"question": "x", "docTypes": ["Rust"], "maxResults": "3"},
        {"search_query": "x", "doc-type": '["rust"]', "k": 3, "cursor": None, "as_of": ""},
    ],
)
def test_other_names_and_forms_of_arguments_are_understood(given):
    query = SearchDocs.model_validate(given).query_of()
    assert (query.q, query.type, query.k) == ("x", ("rust",), 3)


@pytest.mark.parametrize("where", [{"crate": "tokio"}, '{"crate": "tokio"}', "crate=tokio", ["crate=tokio"]])
def test_metadata_is_an_object_or_words(where):
    assert SearchDocs.model_validate({"query": "x", "filters": where}).where == ("crate=tokio",)


def test_names_of_sources_are_lists_objects_or_words_in_any_case():
    assert SearchDocs.model_validate({"query": "x", "library": "Tokio, rust/Serde"}).sources == ("tokio", "rust/serde")
    assert SearchDocs.model_validate({"query": "x", "types": "Data Science"}).types == ("data_science",)


def test_a_snapshot_may_be_a_number():
    assert FetchDoc.model_validate({"document_id": "a/b/c", "snapshot": 12}).as_of == "12"


def test_an_argument_that_is_none_is_named_with_those_there_are():
    with pytest.raises(ValidationError, match=r"no argument 'querry' \(did you mean 'query'\?\): there are query, typ"):
        SearchDocs.model_validate({"querry": "x"})


def test_two_values_for_one_argument_are_refused():
    with pytest.raises(ValidationError, match="limit is given twice"):
        ListSources.model_validate({"limit": 1, "k": 2})


def test_values_out_of_range_are_refused():
    with pytest.raises(ValidationError):
        SearchDocs.model_validate({"query": "x", "max_tokens": 1_000_000})
    with pytest.raises(ValidationError):
        SearchDocs.model_validate({"query": "x", "mode": "guess"})


def test_schemas_have_enumerations_examples_and_no_titles_of_fields():
    schema = SearchDocs.schema_for_clients()
    assert schema["required"] == ["query"] and schema["additionalProperties"] is False
    assert schema["$defs"]["Mode"]["enum"] == ["hybrid", "vector", "text"]
    assert all("title" not in field for field in schema["properties"].values())
    assert schema["properties"]["query"]["examples"]
