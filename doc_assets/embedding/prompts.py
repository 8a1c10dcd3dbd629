"""The role of a text, and the prompt that a model wants before texts of that role.

Models such as e5, nomic, arctic, EmbeddingGemma and Qwen3 were trained with one prompt before queries and another, or
none, before documents. They state them in ``config_sentence_transformers.json``; the settings may say otherwise. Tokens
of a prompt are counted in ``tokenizer``, backends put it before the text.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doc_assets.embedding.model_files import CONFIGURATION, read_json
from doc_assets.errors import EmbeddingMisconfigured
from doc_assets.settings import Settings

# The value of a setting that switches the prompt of a role off.
NONE = "none"


class Role(enum.Enum):
    """What a text is for: models may embed the same text differently in each role."""

    DOCUMENT = "document"
    QUERY = "query"


_SETTINGS = {
    Role.DOCUMENT: "DOC_ASSETS_EMBEDDING_DOCUMENT_PROMPT",
    Role.QUERY: "DOC_ASSETS_EMBEDDING_QUERY_PROMPT",
}
# Names of prompts that speak of a role without being its name, such as passage, search_document or retrieval.query.
_LIKE = {
    Role.DOCUMENT: re.compile("doc|passage|corpus", re.IGNORECASE),
    Role.QUERY: re.compile("quer|question", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """Text before each text of a role, empty for none; ``name`` is its name in the model's configuration, if any."""

    text: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Prompts:
    """The prompts of both roles."""

    document: Prompt = Prompt()
    query: Prompt = Prompt()

    def of(self, role: Role) -> Prompt:
        """Return the prompt of a role."""
        return self.document if role is Role.DOCUMENT else self.query


def prompts_of(settings: Settings, folder: Path) -> Prompts:
    """Return the prompts of the model in this folder: as set, else ``query`` and ``document`` of its configuration.

    Those are the prompts of sentence-transformers' ``encode_query`` and ``encode_document``. Its ``encode_document`` is
    documented to use ``passage`` or ``corpus`` where there is no ``document``, but never does (6.2): which of the two a
    model needs must be set.

    Raises:
        EmbeddingMisconfigured: The configuration is none, or its prompts cannot be assigned to the roles for certain.
    """
    known, default = _configured(folder)
    wanted = {Role.DOCUMENT: settings.embedding_document_prompt, Role.QUERY: settings.embedding_query_prompt}
    by_server = settings.embedding_backend == "http" and settings.embedding_prompts == "server"
    found = {role: _of_role(role, wanted[role], known, folder, by_server) for role in Role}
    if default and known[default] and not known.keys() & {"query", "document"} and None in wanted.values():
        raise EmbeddingMisconfigured(
            f"{folder}: its default prompt {default!r} ({known[default]!r}) is for neither documents nor queries: set "
            f"{' and '.join(_SETTINGS[role] for role in Role if wanted[role] is None)} to the name of the prompt for "
            f"that role, to its text, or to {NONE}"
        )
    return Prompts(found[Role.DOCUMENT], found[Role.QUERY])


def _of_role(role: Role, wanted: str | None, known: Mapping[str, str], folder: Path, by_server: bool) -> Prompt:
    if wanted is not None:
        if wanted == NONE:
            return Prompt()
        if by_server:  # the server may know names that the local configuration lacks
            return Prompt(known.get(wanted, ""), wanted)
        return Prompt(known[wanted], wanted) if wanted in known else Prompt(wanted)
    if role.value in known:
        return Prompt(known[role.value], role.value if known[role.value] else "")
    if alike := [name for name, text in known.items() if text and _LIKE[role].search(name)]:
        raise EmbeddingMisconfigured(
            f"{folder} states no prompt {role.value!r}, but {', '.join(f'{n!r} ({known[n]!r})' for n in alike)}: set "
            f"{_SETTINGS[role]} to the name of the one for {'documents' if role is Role.DOCUMENT else 'queries'}, to "
            f"its text, or to {NONE}"
        )
    return Prompt()


def _configured(folder: Path) -> tuple[dict[str, str], str | None]:
    """Return the prompts by name and the name of the default one."""
    path = folder / CONFIGURATION
    configuration = read_json(path)
    prompts: Any = configuration.get("prompts") or {}
    if not isinstance(prompts, dict) or not all(text is None or isinstance(text, str) for text in prompts.values()):
        raise EmbeddingMisconfigured(f"{path}: prompts is no object of names and texts: {prompts!r}")
    known = {name: text or "" for name, text in prompts.items()}
    default = configuration.get("default_prompt_name")
    # sentence-transformers adds "query" and "document" without text.
    if default is not None and default not in {*known, "query", "document"}:
        raise EmbeddingMisconfigured(f"{path}: default_prompt_name {default!r} is none of its prompts {sorted(known)}")
    return known, default if default in known else None
