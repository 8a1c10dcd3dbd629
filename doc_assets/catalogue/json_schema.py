"""A JSON schema of the catalogue, by which editors complete keys, show what they mean and mark mistakes.

Keys, types, defaults, bounds and descriptions are those of ``model`` and ``source_keys``. What validators check in
Python stands here again as far as a schema can say it, with an example of each key. Draft 7 is what YAML editors read
without exception.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doc_assets.catalogue.model import NO_REF, SCOPE_NAME, SOURCE_KINDS, CatalogueFile, DocType
from doc_assets.catalogue.source_keys import NEAR_DUPLICATE_POLICIES, PREFERRED_SOURCE, TYPE_NAME

TITLE = "Catalogue of doc-assets"
BEYOND = (
    "Only the program sees: keys that stand twice in a mapping, two sources that make the same partition, scopes that "
    "name what the catalogue lacks, sets of characters in globs that are none, ports that are none, .nan, a name, "
    "password or secret within an address, and whether a source exists: doc-assets catalogue check says these. The "
    "formats are those that were installed where the schema was written."
)


def _no(pattern: str, message: str) -> dict[str, Any]:
    """Refuse text in which ``pattern`` is found; editors show ``message``, which is VS Code's own keyword."""
    return {"allOf": [{"pattern": rf"^(?![\s\S]*(?:{pattern}))", "patternErrorMessage": message}]}


def _named(pattern: str, message: str) -> dict[str, Any]:
    return {"pattern": pattern, "patternErrorMessage": message}


_GLOB = _no(r"^/|^$|(^|/)\.\.(/|$)", "A glob is relative to the source's root, without '..'.")
_FOLDER = _no(r"^/|^$|//+[^/]|(^|/)\.\.?(/|$)", "A folder inside the source is needed, as in docs/omni.")
_NO_SUBFOLDER = r"^/|^$|//+[^/]|(^|/)(\.\.?|\.git)(/|$)"
_SCHEME = r"^(?![A-Za-z][A-Za-z0-9+.-]*://)(?=[\s\S]*\S)"
_HOST = r"[^/?#\s]"
_WEB = rf"^[Hh][Tt][Tt][Pp][Ss]?://{_HOST}"

# By kind ("" for every kind), then by key: what validators of the model check, and what is no keyword of a field.
_CHECKED: dict[str, dict[str, dict[str, Any]]] = {
    "": {
        "name": _no(r"\.\.\.", "Three dots stand for a range of partitions."),
        "include": {"items": {"type": "string", **_GLOB}},
        "exclude": {"items": {"type": "string", **_GLOB}},
        "folder_attributes": {"propertyNames": _FOLDER},
        "base_url": _no("^[A-Za-z]+://[^/]*@", "Every reader is shown this address: leave out name and password."),
        "near_duplicates": {
            "anyOf": [{"enum": [*NEAR_DUPLICATE_POLICIES[:-1]]}, {"pattern": f"^{PREFERRED_SOURCE.pattern}$"}]
        },
    },
    "directory": {"location": {"pattern": r"\S"}},
    "archive": {"location": {"pattern": rf"{_SCHEME}|{_WEB}"}},
    "git": {
        "location": {
            "pattern": rf"{_SCHEME}|{_WEB}|^[Ss][Ss][Hh]://{_HOST}",
            **_no("^-|::", "An https, http, ssh or git@host: address is needed, or a path."),
        },
        "lfs_url": {"pattern": rf"^https?://{_HOST}"},
        "ref": _no(NO_REF.pattern, "A branch, a tag or a full commit id is needed."),
        "subfolders": {
            "items": {
                "type": "string",
                **_no(_NO_SUBFOLDER, "A folder or file inside the repository is needed, as in docs/guide."),
            }
        },
    },
    "crate": {"base_address": {"pattern": rf"^https?://{_HOST}"}},
    # The patterns of editors are those of JavaScript, which has no (?i).
    "llms_txt": {
        "location": {
            "pattern": _WEB,
            **_no(r"^[^?]*/llms-full\.txt(\?|$)", "Write the address of the index, llms.txt."),
        }
    },
}

_EXAMPLES: dict[str, dict[str, list[Any]]] = {
    "": {
        "name": ["crate-tokio", "book", "talos-1.13"],
        "format": ["auto", "markdown"],
        "include": [["**/*.md"], ["docs/", "*.rst"]],
        "exclude": [["docs/old/", "CHANGELOG.md"]],
        "min_characters": [200],
        "shards": [2],
        "attributes": [{"product": "talos", "version": "1.13"}, {"crate": "tokio"}],
        "folder_attributes": [{"public/omni": {"product": "omni"}}],
        "base_url": ["https://doc.rust-lang.org/book/"],
        "pages": ["mdbook"],
        "strip": ["src"],
        "near_duplicates": ["prefer_newest", "prefer_source rust/book"],
        "error_budget": [0.01],
        "deletion_guard": [0.5, 1],
        "licence": ["Apache-2.0", "MIT OR Apache-2.0"],
        "weight": [12_000_000],
    },
    "directory": {"location": ["../documents/rust/book"]},
    "archive": {
        "location": ["https://example.org/docs-1.2.tar.gz", "downloads/docs.zip"],
        "strip_components": [1],
        "max_members": [500_000],
        "max_unpacked_bytes": [4_000_000_000],
        "max_ratio": [200],
        "max_download_bytes": [1_000_000_000],
        "credentials": ["docs-server"],
    },
    "git": {
        "location": ["https://github.com/rust-lang/book", "git@git.example:team/handbook.git"],
        "ref": ["main", "v1.2.0"],
        "subfolders": [["src", "book.toml"]],
        "lfs": [True],
        "lfs_url": ["https://lfs.example/team/handbook"],
        "max_lfs_bytes": [1_000_000_000],
        "credentials": ["git-server"],
    },
    "llms_txt": {
        "location": ["https://docs.example/llms.txt"],
        "hosts": [["help.example"]],
        "optional": [False],
        "max_pages": [5_000],
        "max_page_bytes": [10_000_000],
        "max_download_bytes": [400_000_000],
        "credentials": ["docs-server"],
    },
    "crate": {
        "crate": ["tokio-util"],
        "version": ["latest", "1.42.0", "~1.2"],
        "base_address": ["https://docs-mirror.example"],
        "max_download_bytes": [400_000_000],
        "max_unpacked_bytes": [2_000_000_000],
        "credentials": ["docs-mirror"],
    },
}


def catalogue_schema(formats: Sequence[str]) -> dict[str, Any]:
    """Return the schema, as of JSON schema draft 7, for installations with these formats."""
    schema = CatalogueFile.model_json_schema(ref_template="#/definitions/{model}")
    definitions = schema.pop("$defs")
    for kind, model in SOURCE_KINDS.items():
        definitions[model.__name__]["title"] = f"A source of kind {kind}"
        keys = definitions[model.__name__]["properties"]
        keys["kind"].pop("title", None)
        for key, rules in keys.items():
            if key == "kind":
                continue
            rules.pop("title", None)
            for of in ("", kind):
                rules |= _CHECKED.get(of, {}).get(key, {})
                if key in _EXAMPLES[of]:
                    rules["examples"] = _EXAMPLES[of][key]
        keys["format"]["allOf"] = [{"$ref": "#/definitions/Format"}]
    definitions["Format"] = {"enum": ["auto", *formats]}
    definitions["GitSource"] |= {
        "if": {"properties": {"lfs_url": {"type": "string"}}, "required": ["lfs_url"]},
        "then": {"properties": {"lfs": {"const": True}}, "required": ["lfs"]},
    }
    of_type = definitions[DocType.__name__]["properties"]
    of_type["description"]["examples"] = ["Crates and books"]
    of_type["owners"]["examples"] = [["team:docs", "sam@example.org"]]
    of_type["sources"]["examples"] = [[{"name": "tokio", "kind": "crate"}]]
    top = schema["properties"]
    top["types"] |= {
        "propertyNames": _named(TYPE_NAME, "Lower case letters, digits and '_' name a type, a letter first."),
        "examples": [{"rust": {"sources": [{"name": "tokio", "kind": "crate"}]}}],
    }
    top["scopes"] |= {
        "propertyNames": _named(SCOPE_NAME, "Lower case letters, digits, '_', '.' and '-' name a scope."),
        "examples": [{"backend": ["rust", "kubernetes/cilium-docs"]}],
    }
    top["exclude"] |= {"items": {"type": "string", **_GLOB}, "examples": [["AGENTS.md", "CHANGELOG.md"]]}
    for rules in (*of_type.values(), *top.values()):
        rules.pop("title", None)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": BEYOND,
        **schema,
        "title": TITLE,
        "definitions": definitions,
    }


def schema_text(formats: Sequence[str]) -> str:
    """Return the schema as the text of a file."""
    return json.dumps(catalogue_schema(formats), indent=2, ensure_ascii=False) + "\n"


def is_schema(path: Path) -> bool:
    """Return True for a file that holds a schema of this module, of any version."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("title") == TITLE
