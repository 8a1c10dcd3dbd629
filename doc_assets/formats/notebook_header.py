"""What makes a text a notebook: the header that jupytext, MyST-NB and mystmd write at its top."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from doc_assets.document import JsonValue
from doc_assets.formats.markdown.front_matter import read_yaml, split_front_matter

# Sign of comments by suffix, of the languages that jupytext knows and people write documentation in.
COMMENTS: Mapping[str, str] = {
    **dict.fromkeys((".py", ".r", ".jl", ".sh", ".ps1", ".sage", ".coco", ".tcl", ".robot", ".gp"), "#"),
    **dict.fromkeys((".js", ".ts", ".cpp", ".cs", ".java", ".scala", ".groovy", ".rs", ".go", ".fsx", ".do"), "//"),
    **dict.fromkeys((".clj", ".scm", ".ss"), ";;"),
    **dict.fromkeys((".hs", ".lua"), "--"),
    **dict.fromkeys((".m", ".pro"), "%"),
}
MARKDOWN = frozenset((".md", ".markdown"))
# At the margin (MyST) or below ``jupyter`` (jupytext's Markdown, scripts).
_FACTS = re.compile(
    r"^(?:(?:jupytext|kernelspec)[ \t]*:"
    r"|jupyter[ \t]*:[ \t]*\n(?:[ \t][^\n]*\n)*?[ \t]+(?:jupytext|kernelspec)[ \t]*:)",
    re.MULTILINE,
)
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
STORAGE = frozenset(("jupyter", "jupytext", "kernelspec"))
_BEFORE = 5  # lines: an interpreter, an encoding, a licence
_LONGEST = 20_000  # characters


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a script.

    Attributes:
        stated: Its YAML.
        end: Offset of the text behind it.
    """

    stated: Mapping
    end: int

    @property
    def notebook(self) -> Mapping:
        """Metadata of the notebook: ``kernelspec``, ``jupytext``."""
        return notebook_facts(self.stated)


def is_notebook(head: str, suffix: str) -> bool:
    """Return whether the first kilobytes of a text say that it is a notebook.

    Args:
        head: The text, or as much of it as holds the header.
        suffix: The file's suffix, lower case.
    """
    if suffix in MARKDOWN:
        return head.startswith("---") and (block := _block(head)) is not None and _FACTS.search(block) is not None
    found = _commented(head, COMMENTS[suffix]) if suffix in COMMENTS else None
    return found is not None and _FACTS.search(found[0]) is not None


def read_header(text: str, suffix: str) -> Header:
    """Return the header of a script; an empty one if it has none."""
    found = _commented(text[:_LONGEST], COMMENTS[suffix])
    return Header(read_yaml(found[0]) or {}, found[1]) if found else Header({}, 0)


def notebook_facts(stated: Mapping) -> Mapping:
    """Return the metadata of the notebook in a header: at its margin, or below ``jupyter``."""
    below = stated.get("jupyter")
    return below if isinstance(below, Mapping) else stated


def page_facts(text: str, suffix: str) -> dict[str, JsonValue]:
    """Return what a script's header says of the page rather than of the notebook's storage, as front matter is read."""
    found = _commented(text[:_LONGEST], COMMENTS[suffix])
    facts = split_front_matter(f"---\n{found[0]}\n---\n")[0] if found else {}
    return {name: value for name, value in facts.items() if name not in STORAGE}


def _block(text: str) -> str | None:
    """Return the lines between a first line ``---`` and the next such line."""
    first = text.find("\n")
    end = _END.search(text, first + 1) if first >= 0 and text[:first].rstrip() == "---" else None
    return text[first + 1 : end.start()] if end else None


def _commented(text: str, sign: str) -> tuple[str, int] | None:
    """Return the YAML in comments between two lines ``# ---``, and the offset behind it."""
    position = 0
    inside = False
    lines: list[str] = []
    for number, line in enumerate(text.split("\n")):
        position += len(line) + 1
        body = line.rstrip()
        content = body.removeprefix(sign).removeprefix("'").removeprefix(" ") if body.startswith(sign) else None
        if content == "---":
            if inside:
                return "\n".join(lines), min(position, len(text))
            inside = True
        elif inside:
            if content is None:
                return None
            lines.append(content)
        elif number >= _BEFORE:
            return None
    return None
