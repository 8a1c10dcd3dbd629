"""The format for reStructuredText (``.rst``, ``.rest``): plain, Sphinx and Linux kernel pages, parsed with docutils.

Holds the format, docutils' settings and the fallback reader. ``parser`` holds the parser, ``directives``, ``includes``
and ``inline`` the markup, ``tree`` the sections. Files are read only through ``RawFile.neighbours``.
"""

from __future__ import annotations

import copy
import functools
import logging
import re
from optparse import Values

from docutils import frontend, nodes
from docutils import utils as docutils_utils
from docutils.parsers.rst import Parser

from doc_assets.document import Block, Document, JsonValue, json_safe
from doc_assets.formats.base import RawFile
from doc_assets.formats.charset import decode
from doc_assets.formats.navigation.finding import place_of
from doc_assets.formats.outline import outline, readable_name
from doc_assets.formats.parts import Heading, Part
from doc_assets.formats.rst.directives import repaired
from doc_assets.formats.rst.includes import Surroundings
from doc_assets.formats.rst.parser import parse_into
from doc_assets.formats.rst.sphinx_conf import declared_substitutions
from doc_assets.formats.rst.tree import KNOWN_CHARACTERS, TreeReader, parts_of

_log = logging.getLogger(__name__)

# docutils' own limit of 10,000 drops the whole page for one long table row; the inline parser has a guard of its own.
_MAX_LINE = 200_000

_ADORNMENT = re.compile(r"""([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])\1{2,}\s*$""")
_EXPLICIT = re.compile(r"\.\. ?(_[^:]*:|\S+::.*|\|.*)?$")

# Sphinx's switches at the head of a page: not facts about it.
_SWITCHES = frozenset((
    "orphan", "nosearch", "nocomments", "tocdepth", "no-search", "hidetoc", "html_theme", "github_url", "gitlab_url",
    "bitbucket_url", "allow_comments", "full-width", "html_theme.sidebar_secondary.remove",
))  # fmt: skip
_FACT_NAMES = """
    address author authors contact copyright date email id last-modified license maintainer maintainers organization
    original reviewer status translator translators updated version
"""
_FACTS = frozenset(_FACT_NAMES.split())
_MAX_FACT = 300  # characters; a longer field is text


@functools.cache
def _default_settings() -> Values:
    settings = frontend.get_default_settings(Parser())  # reads no configuration file
    overrides = {
        "_disable_config": True,
        "file_insertion_enabled": False,
        "raw_enabled": False,
        "halt_level": 5,  # 5 is above every level: nothing stops the parse and nothing is written to stderr
        "report_level": 5,
        "warning_stream": False,
        "syntax_highlight": "none",
        "smart_quotes": False,
        "line_length_limit": _MAX_LINE,
        "auto_id_prefix": "id",
        "language_code": "en",
        "tab_width": 8,
    }
    for name, value in overrides.items():
        setattr(settings, name, value)
    return settings


class RstFormat:
    """Reads reStructuredText with every Sphinx directive and role known, so that no page loses text to one."""

    name = "rst"
    version = 4
    suffixes = frozenset({".rst", ".rest"})
    priority = 10

    def accepts(self, file: RawFile) -> bool:
        """Return True: every file with the suffix is reStructuredText."""
        return file.suffix in self.suffixes

    def parse(self, file: RawFile) -> list[Document]:
        """Return the page as one document.

        Raises:
            DocumentRejected: The bytes are not text.
        """
        surroundings = Surroundings(file.path, file.neighbours)
        parts, metadata = rst_parts(decode(file.data), surroundings)
        metadata.update(surroundings.facts())
        place = place_of(file)
        metadata.update(place.facts(metadata))
        title, sections = outline(parts, title=None, fallback=place.title or readable_name(file.path))
        return [Document(title, self.name, sections, metadata, place.parents)]


def rst_parts(source: str, surroundings: Surroundings) -> tuple[list[Part], dict[str, JsonValue]]:
    """Return the headings and blocks of a text in reading order, and the facts at its head."""
    try:
        tree = parse_tree(source, surroundings)
        facts = take_facts(tree)
        return parts_of(tree), facts
    except Exception as error:  # docutils fails in many ways on odd pages; their text is kept without structure
        name = type(error).__name__
        _log.info("%s: docutils failed (%s: %s); read as plain text", surroundings.source, name, error)
        return read_plainly(source), {"structure": "plain"}


def parse_tree(source: str, surroundings: Surroundings) -> nodes.document:
    """Return the docutils tree of a page with its includes, before any transform.

    Raises:
        ValueError: A line is too long to parse in bounded time.
    """
    if any(len(line) > _MAX_LINE for line in source.split("\n")):
        raise ValueError(f"a line of more than {_MAX_LINE:,} characters")
    document = _new_document(surroundings)
    parse_into(document, repaired(source))
    _define_what_is_missing(document, surroundings)
    return document


def _new_document(surroundings: Surroundings) -> nodes.document:
    settings = copy.copy(_default_settings())
    settings.surroundings = surroundings
    return docutils_utils.new_document(surroundings.source, settings)


def _define_what_is_missing(document: nodes.document, surroundings: Surroundings) -> None:
    """Define the substitutions that the page uses and lacks from the text declared in ``conf.py``."""
    known = document.substitution_defs
    used = {reference.astext() for reference in document.findall(nodes.substitution_reference)}
    if all(name in known or name in KNOWN_CHARACTERS for name in used) or (conf := surroundings.conf) is None:
        return
    declarations = _new_document(Surroundings())
    parse_into(declarations, declared_substitutions(conf[1], conf[0], surroundings.read))
    for name, definition in declarations.substitution_defs.items():
        if nodes.fully_normalize_name(name) not in document.substitution_names:
            known[name] = definition


def take_facts(tree: nodes.document) -> dict[str, JsonValue]:
    """Remove the short facts from the field list at the head of a page, and return them."""
    fields = _head_fields(tree)
    if fields is None:
        return {}
    reader = TreeReader(tree)
    facts: dict[str, JsonValue] = {}
    for field in list(fields.children):
        name = reader.inline(field.children[0]).lower()
        value = " ".join(block.text for part in field.children[1].children for block in reader.blocks(part))
        if name in _FACTS and 0 < len(value) <= _MAX_FACT:
            known = facts.get(name)
            facts[name] = f"{known}; {value}" if known else json_safe(value)
        if name in _SWITCHES or name in facts:
            fields.remove(field)
    return facts


def _head_fields(tree: nodes.document) -> nodes.field_list | None:
    """Return the field list before any text, or directly below the page's title."""
    parent: nodes.Element = tree
    for _ in range(3):
        for child in parent.children:
            if isinstance(child, nodes.field_list):
                return child
            if isinstance(child, nodes.section):
                parent = child
                break
            if not isinstance(child, (nodes.Invisible, nodes.title, nodes.system_message, nodes.target)):
                return None
        else:
            return None
    return None


def read_plainly(source: str) -> list[Part]:
    """Return a page that docutils cannot parse as paragraphs split at blank lines and underlined headings."""
    parts: list[Part] = []
    styles: list[str] = []  # a heading's level is the position at which its kind of underline first occurred
    paragraph: list[str] = []

    def close() -> None:
        kept = [line for line in paragraph if not _EXPLICIT.match(line.strip())]
        text = "\n".join(kept).strip("\n").rstrip()
        if text.strip():
            parts.append(Block(text, "code" if text[0].isspace() else "prose"))
        paragraph.clear()

    for line in source.split("\n"):
        adornment = line[0] if _ADORNMENT.match(line) else ""
        if not line.strip():
            close()
        elif adornment and len(paragraph) == 1 and not paragraph[0][0].isspace():
            if adornment not in styles:
                styles.append(adornment)
            parts.append(Heading(styles.index(adornment) + 1, paragraph.pop().strip()))
        elif not adornment:
            paragraph.append(line)
    close()
    return parts
