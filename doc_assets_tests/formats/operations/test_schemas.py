"""Fields of schemas as tables: references, composition, cycles, and the limits."""

from __future__ import annotations

import pytest

from doc_assets.errors import DocumentRejected
from doc_assets_tests.support.api_descriptions import PET, description, operation, read, text_of

HEAD = "Field | Type | Required | Description\n"
TEXT = {"type": "string"}


def answer(schema: object, schemas: object = None, files: dict[str, str] | None = None) -> str:
    response = {"description": "x", "content": {"application/json": {"schema": schema}}}
    components = {"schemas": schemas or {}}
    paths = {"/pets": {"get": {"responses": {"200": response}}}}
    return text_of(description(paths, components=components), files)


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"properties": {"a": {"type": "array", "items": {"properties": {"b": TEXT}}}}},
         "a | array of object\na[].b | string"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}, "Type: array of Pet. An animal.\n\n" + HEAD),
        ({"allOf": [{"$ref": "#/components/schemas/Pet"}, {"required": ["age"], "properties": {"age": TEXT}}]},
         "What it is called.\nkind | string |  | One of: cat, dog. Default: cat\nage | string | yes"),
        ({"properties": {"a": {"type": "string", "nullable": True}, "b": {"type": ["integer", "null"]}}},
         "a | string or null\nb | integer or null"),
        ({"properties": {"a": {"anyOf": [{"$ref": "#/components/schemas/Pet"}, {"type": "null"}]}}},
         "a | Pet or null\na.name | string | yes"),
        ({"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Pet"}}, "*.name | string | yes"),
        ({"properties": {"a": {"type": "object", "additionalProperties": TEXT}}}, "a | map of string"),
        ({"properties": {"a": {"type": "string", "const": "x"}, "b": {"readOnly": True, "deprecated": True, **TEXT}}},
         "a | string |  | Always: x\nb | string |  | Deprecated. Read only"),
        ({"type": "string", "enum": ["a", "b"]}, "Type: string. One of: a, b"),
        ({"properties": {"a": {"$ref": "https://elsewhere.test/Dog.yaml"}}}, "a | Dog"),
    ],
)  # fmt: skip
def test_fields_are_rows(schema: dict, shown: str) -> None:
    assert shown in answer(schema, {"Pet": PET})


def test_variants_follow_one_another_with_the_value_that_tells_them_apart() -> None:
    schemas = {
        "Cat": {"type": "object", "properties": {"lives": {"type": "integer"}}},
        "Dog": {"type": "object", "properties": {"barks": {"type": "boolean"}}},
    }
    choice = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat"}},
    }
    shown = answer({"properties": {"pet": choice}}, schemas)
    assert (
        "pet | Cat or Dog\npet | if Cat (kind = cat)\npet.lives | integer\npet | if Dog\npet.barks | boolean" in shown
    )


def test_a_schema_that_holds_itself_ends() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}, "name": TEXT}}
    loop = {"$ref": "#/components/schemas/Loop"}
    shown = answer({"$ref": "#/components/schemas/Node"}, {"Node": node, "Loop": loop})
    assert "next | Node\nname | string" in shown
    assert "next.next" not in shown


def test_references_lead_to_other_files_of_the_source_and_on_from_there() -> None:
    files = {
        "api/parts/pet.yaml": "Pet:\n  type: object\n  properties:\n    owner: {$ref: '../owner.json'}\n",
        "api/owner.json": '{"type": "object", "properties": {"phone": {"type": "string"}}}',
    }
    assert "owner | owner\nowner.phone | string" in answer({"$ref": "parts/pet.yaml#/Pet"}, files=files)


@pytest.mark.parametrize("target", ["absent.yaml#/A", "../../outside.yaml", "/etc/absent", "#/components/schemas/No"])
def test_a_reference_that_leads_nowhere_is_counted(target: str) -> None:
    values = description({"/a": {"get": {"responses": {"200": {"$ref": target}}}}})
    (document,) = read(values, {"absent.yaml": "A: {}"})
    assert document.metadata["first_include_missing"] == target


def test_what_is_used_often_is_written_in_full_in_some_places_and_once_among_the_schemas() -> None:
    fields = {f"field{i}": {"type": "string", "description": "What it is good for."} for i in range(9)}
    response = {"200": {"description": "x", "content": {"a/b": {"schema": {"$ref": "#/components/schemas/Big"}}}}}
    paths = {f"/p{i}": {"get": {"responses": response}} for i in range(10)}
    documents = read(description(paths, components={"schemas": {"Big": {"type": "object", "properties": fields}}}))
    shown = text_of(description(paths, components={"schemas": {"Big": {"type": "object", "properties": fields}}}))
    assert [d.title for d in documents] == ["Pets API", "Operations", "Schemas"]
    assert shown.count("field3 | string |  | What it is good for.") == 7
    assert shown.count("Fields of Big, described under Schemas: field0, field1, ") == 4


def test_a_table_goes_as_deep_as_its_rows_allow_and_names_what_it_leaves_out() -> None:
    inner = {"type": "object", "properties": {f"x{i}": TEXT for i in range(30)}}
    outer = {"type": "object", "properties": {name: {"$ref": "#/components/schemas/Inner"} for name in "abc"}}
    shown = answer({"$ref": "#/components/schemas/Outer"}, {"Inner": inner, "Outer": outer})
    assert "Fields not shown here: those of Inner." in shown
    assert "## Inner\n\nField | Type | Required | Description\nx0 | string" in shown


def test_a_schema_that_no_operation_uses_is_among_the_schemas() -> None:
    assert "## Pet\n\nAn animal.\n\n" + HEAD + "name | string | yes" in answer(TEXT, {"Pet": PET})


def test_what_a_component_says_of_itself_is_shown_where_its_uses_say_something_else() -> None:
    fields = {"pet": {"$ref": "#/components/schemas/Pet", "description": "The winner."}}
    shown = answer({"properties": fields}, {"Pet": PET})
    assert "pet | Pet |  | The winner.\n" in shown
    assert "## Pet\n\nAn animal." in shown


def test_fields_without_a_component_of_their_own_are_never_left_out() -> None:
    inner: dict = {"x": TEXT}
    for _ in range(9):
        inner = {"a": {"type": "object", "properties": inner}, "b": {"$ref": "#/components/schemas/Pet"}}
    shown = answer({"properties": {**inner, **{f"f{i}": TEXT for i in range(90)}}}, {"Pet": PET})
    assert "a.a.a.a.a.a.a.a.a.x | string" in shown
    assert "Fields not shown here: those of Pet." in shown


def test_a_description_that_repeats_itself_without_end_is_rejected() -> None:
    # Each level names the next one twelve times: five levels are 250,000 schemas.
    def level(i: int) -> dict:
        return {"allOf": [{"$ref": f"#/components/schemas/L{i + 1}"}] * 12}

    with pytest.raises(DocumentRejected, match="references repeat too much"):
        answer({"$ref": "#/components/schemas/L0"}, {f"L{i}": level(i) for i in range(6)})


def test_a_long_description_of_a_component_is_not_repeated_in_full_each_time() -> None:
    long = "It is of use. " * 40
    shared = {"Shared": {"name": "q", "in": "query", "description": long, "schema": TEXT}}
    paths = {f"/p{i}": {"get": {"parameters": [{"$ref": "#/components/parameters/Shared"}]}} for i in range(9)}
    shown = text_of(description(paths, components={"parameters": shared}))
    assert (shown.count(long.strip()), shown.count("q | query")) == (6, 9)
    assert "Parameters" in operation({"get": {"parameters": [shared["Shared"]]}})
