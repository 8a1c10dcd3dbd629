"""The grammar of containers: recognises the first line of a directive, a colon fence, a block or an admonition.

Each dialect's line becomes one ``Opening``, which says what the container holds. What a reader sees of it is in
``directives``, the walk over the lines in ``dialects``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from doc_assets.formats.directive_kinds import Kind, holds_for_html, kind_of


class Head(StrEnum):
    """How options stand between a container's first line and its content."""

    NONE = "none"
    DIRECTIVE = "directive"  # MyST: lines ``:key: value``, or YAML between lines ``---``
    INDENTED = "indented"  # PyMdown's blocks: YAML indented by four columns
    OBSIDIAN = "obsidian"  # Obsidian's admonitions: lines ``key: value``


class Headings(StrEnum):
    """What a heading directly in a container is."""

    KEPT = "kept"
    TITLE = "title"  # Quarto's callouts and theorems: the first line is the title
    LABELS = "labels"  # Quarto's tab sets: each is the label of a tab
    TEXT = "text"  # directives of MyST: a line without a section


@dataclass(frozen=True, slots=True)
class Opening:
    """The first line of a container.

    Attributes:
        kind: What the container holds.
        name: Name of the directive or block in lower case; "" if it has none.
        argument: Text after the name: a title, a language, a path.
        mark: The fence that ends it: backticks, tildes, colons, slashes; "" for one that its indentation ends.
        lead: White space, quotation and list marks before the fence.
        head: How its options are written.
        options: Options written in the first line.
        headings: What headings in it are.
    """

    kind: Kind
    name: str = ""
    argument: str = ""
    mark: str = ""
    lead: str = ""
    head: Head = Head.NONE
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    headings: Headings = Headings.KEPT


COMPONENT = "::"  # the fence of a component of Nuxt
MAX_HEAD = 60  # lines of options of one container

_FENCE = re.compile(
    r"(?P<lead>[ \t]*+(?:>[ \t]?)*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++){0,8}+)(?P<mark>`{3,}|~{3,})(?P<info>.*)"
)
_DIRECTIVE = re.compile(
    r"\{(?P<name>[A-Za-z][\w:.+-]*)(?P<attributes>(?:[ \t,][^{}]*)?)\}[ \t]*(?P<argument>.*)$", re.DOTALL
)
_RAW = re.compile(r"\{=(?P<format>\w+)\}$")
_ADMONISH = re.compile(r"(?:admonish|ad-(?P<kind>[\w-]+))(?:[ \t,]|$)(?P<rest>.*)$")
_COLONS = re.compile(r"(?P<lead>[ \t]*(?:>[ \t]?)*+)(?P<mark>:{3,})[ \t]*(?P<rest>.*)$")
_DIV = re.compile(r"(?P<name>[A-Za-z][\w-]*)?(?P<rest>.*)$")
_COMPONENT = re.compile(
    r"(?P<lead>[ ]{0,8})::(?P<name>[A-Za-z][\w-]*)(?:\[(?P<label>[^\[\]]*)\])?(?P<rest>\{[^{}]*\})?[ \t]*$"
)
_LABEL = re.compile(r"\[(?P<label>.*)\]$")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*$")
_BLOCK = re.compile(r"(?P<lead>[ \t]*)(?P<mark>/{3,})[ \t]*(?P<name>[\w-]+)[ \t]*(?:\|[ \t]*(?P<argument>.*?))?[ \t]*$")
_ADMONITION = re.compile(r"[ ]*(?:!!!|\?\?\?\+?)[ ]+[\w-]+(?:[ ][\w -]*)?(?:[ ]*\"(?P<title>.*)\")?[ ]*$")
_TAB = re.compile(r"[ ]*===[!+]{0,2}[ ]+\"(?P<title>.*)\"[ ]*$")
_BRACES = re.compile(r"[ \t]*\{(?P<attributes>[^{}]*)\}$")
_ATTRIBUTE = re.compile(
    r"(?P<key>[\w-]+)[ \t]*=[ \t]*(?:\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s,}]+))"
)
_CROSS_REFERENCE = re.compile(r"#(?:thm|lem|cor|prp|cnj|def|exm|exr|sol|rem|alg|nte|tip|wrn|imp|cau)-")

# Kinds of MyST's, Jupyter Book's and mystmd's own directives, besides those that reStructuredText shares.
_MYST = {
    Kind.DROPPED: """any:bundle anywidget button
        docs-tree embed exercise-end figure-toc glue glue:any glue:figure glue:math
        glue:md image-carousel nb-exec-table postlist proof:end raw-cell solution-end tableofcontents thebe-button toc
        footbibliography site:proofs subtree""",
    Kind.CONTAINER: """blockquote figure-md iframe solution solution-start subfigure prf:proof-end""",
    Kind.LISTING: "myst",
    Kind.MATHS: "amsmath",
}
_OWN = {name: kind for kind, names in _MYST.items() for name in names.split()}
# Engines and languages in braces (Quarto, knitr, pandoc): listings, and no directives that nobody knows.
# fmt: off
_LANGUAGES = frozenset((
    "asm", "awk", "bash", "c", "cat", "clojure", "cmake", "cobol", "coffee", "console", "cpp", "cs", "csharp", "css",
    "d", "dart", "diff", "dockerfile", "dot", "elixir", "elm", "erlang", "fortran", "fsharp", "gherkin", "go",
    "graphql", "groovy", "haskell", "hcl", "highlight", "html", "ini", "ipython", "ipython3", "java", "javascript",
    "js", "json", "json5", "jsonc", "jsx", "julia", "kotlin", "latex", "lisp", "lua", "make", "makefile", "markdown",
    "matlab", "md", "nim", "nix", "node", "objc", "ocaml", "octave", "ojs", "perl", "php", "powershell", "prolog",
    "protobuf", "ps1", "pwsh", "py", "python", "python3", "r", "racket", "rb", "rcpp", "rs", "rst", "ruby", "rust",
    "sas", "sass", "scala", "scheme", "scss", "sh", "shell", "sql", "stan", "stata", "svg", "swift", "tcl", "terraform",
    "tex", "text", "toml", "ts", "tsx", "txt", "typescript", "vb", "verbatim", "vim", "vue", "wasm", "webr", "pyodide",
    "xml", "yaml", "yml", "zig", "zsh",
))
# Bookdown writes these with knitr's attributes: {theorem, name="…"}.
_THEOREMS = frozenset((
    "theorem", "lemma", "corollary", "proposition", "conjecture", "definition", "example", "exercise", "hypothesis",
    "proof", "remark", "solution", "block", "block2", "asis",
))
# Colon fences whose words after the name are layout.
_LAYOUT = frozenset((
    "code-group", "code-tabs", "tabs", "columns", "column", "row", "grid", "zone", "moniker", "div", "section", "raw",
    "v-pre", "demo", "slot",
))
_ELEMENTS = frozenset(("image", "code", "row", "column", "zone", "moniker", "no-loc", "video"))  # Microsoft Learn's
_CAPTIONS = frozenset(("caption", "figure-caption", "table-caption", "define", "definition"))
_KINDS_OF_TAGS = {
    **dict.fromkeys(("pre", "code", "textarea", "math", "option", "canvas"), Kind.VERBATIM),
    **dict.fromkeys(("script", "style"), Kind.DROPPED),
}
# fmt: on
_TITLES = ("title", "summary", "label", "name", "lst-cap", "tbl-cap", "fig-cap")
# Words that choose a note's look, after its name, on sites that give notes no title.
_LOOKS = frozenset(("alert", "info", "warn"))


def fence_of(line: str) -> re.Match[str] | None:
    """Return the parts ``lead``, ``mark`` and ``info`` of a line that is a fence of backticks or tildes."""
    match = _FENCE.match(line)
    return None if match is None or (match["mark"][0] == "`" and "`" in match["info"]) else match


def fence_opening(lead: str, mark: str, info: str) -> Opening | None:
    """Return the directive or admonition that a fence opens; None if it is a listing."""
    if info.startswith("{"):
        if raw := _RAW.match(info):
            return Opening(Kind.CONTAINER if raw["format"] == "html" else Kind.DROPPED, mark=mark, lead=lead)
        match = _DIRECTIVE.match(info)
        return _directive(match, mark, lead) if match else None
    if info.startswith("ad") and (match := _ADMONISH.match(info)):
        values = attributes_of(match["rest"])
        title = values.get("title") or _quoted(_ATTRIBUTE.sub("", match["rest"]) if values else match["rest"])
        head = Head.OBSIDIAN if match["kind"] else Head.NONE
        return Opening(Kind.ADMONITION, "admonish", title.replace("\\", ""), mark, lead, head)
    return None


def _directive(match: re.Match[str], mark: str, lead: str) -> Opening | None:
    name, argument = match["name"].lower(), match["argument"].strip()
    attributes = match["attributes"]
    options = attributes_of(attributes) if "=" in attributes else {}
    kind = _OWN.get(name) or kind_of(name)
    if kind is Kind.UNKNOWN and (name in _LANGUAGES or (attributes.startswith(",") and name not in _THEOREMS)):
        return None  # its info string and the options at its top are read with those of other listings
    if name in _THEOREMS and (title := options.get("name")):
        argument = title
    if kind is Kind.CONDITION:
        kind, argument = (Kind.CONTAINER, "") if holds_for_html(argument) else (Kind.DROPPED, "")
    elif kind is Kind.RAW:
        kind, argument = (Kind.CONTAINER, "") if "html" in argument.lower().split() else (Kind.DROPPED, "")
    elif kind is Kind.CLASS:
        kind = Kind.SIGNATURE if re.search(r"[A-Z(]", argument) else Kind.CONTAINER
    return Opening(kind, name, argument, mark, lead, Head.DIRECTIVE, options, Headings.TEXT)


def colon_opening(line: str, *, closed: bool) -> Opening | None:
    """Return what a line of three or more colons opens.

    Args:
        line: The line.
        closed: Whether bare colons follow somewhere: if not, a lone name is mkdocstrings' identifier.

    Returns:
        The opening, with no ``mark`` for an element that ends with its line; None for bare colons.
    """
    match = _COLONS.match(line)
    if match is None:
        return None
    lead, mark, rest = match["lead"], match["mark"], match["rest"].rstrip()
    if not rest:
        return None
    if rest.startswith("{"):
        if (directive := _DIRECTIVE.match(rest)) and (opening := _directive(directive, mark, lead)):
            return opening
        return _div("", rest.rstrip(": \t"), mark, lead)
    div = _DIV.match(rest)
    name = (div["name"] or "").lower() if div else ""
    if name.removesuffix("-end") in _ELEMENTS and (rest.endswith(":::") or name.endswith("-end")):
        values = attributes_of(rest)
        if name == "image":
            return Opening(
                Kind.PICTURE, name, values.get("source", ""), lead=lead, options={"alt": values.get("alt-text", "")}
            )
        if name == "code":
            return Opening(Kind.LISTING_OF_FILE, name, values.get("source", ""), lead=lead, options=values)
        return Opening(Kind.DROPPED, name)
    rest = rest.rstrip(": \t")  # pandoc allows colons after the name
    if _IDENTIFIER.match(rest) and ("." in rest or not (closed or "-" in rest or _is_known(name))):
        return Opening(Kind.SIGNATURE, "mkdocstrings", rest, lead=lead)
    if name in ("mermaid", "plantuml"):  # Azure's wikis
        return Opening(Kind.LISTING, name, name, mark, lead)
    return _div(name, rest[len(name) :], mark, lead)


def component_opening(line: str, *, closed: bool) -> Opening | None:
    """Return what a line of two colons opens: a component of Nuxt (MDC), or a leaf directive if no end follows."""
    match = _COMPONENT.match(line)
    if match is None or not (closed or match["label"] or match["rest"]):
        return None
    rest = match["rest"] or ""
    opening = _div(match["name"].lower(), rest, COMPONENT if closed else "", match["lead"])
    title = match["label"] or opening.argument
    return replace(opening, argument=title, head=Head.DIRECTIVE if closed else Head.NONE)


def _is_known(name: str) -> bool:
    return kind_of(name) is not Kind.UNKNOWN or name in ("info", "success", "details", "tip", "secondary")


def _div(name: str, rest: str, mark: str, lead: str) -> Opening:
    rest = rest.strip()
    attributes = ""
    if rest.endswith("}") and (braces := _BRACES.search(rest)):
        attributes = braces["attributes"]
        rest = rest[: braces.start()].rstrip()
    values = attributes_of(attributes)
    classes = frozenset(word[1:] for word in attributes.split() if word.startswith(".")) | {name}
    if "=" in rest and not _ATTRIBUTE.sub("", rest).strip():
        values.update(attributes_of(rest))
        rest = ""
    if _is_hidden(classes, values):
        return Opening(Kind.DROPPED, name, mark=mark, lead=lead)
    label = _LABEL.match(rest)
    title = label["label"] if label else rest
    if name in _LAYOUT or title in _LOOKS:
        title = ""
    title = title or next((values[key] for key in _TITLES if key in values), "")
    if name == "tab" and title.startswith('"'):
        title = title.strip('"')
    headings = Headings.KEPT
    if any(word.startswith("callout-") for word in classes) or _CROSS_REFERENCE.search(attributes):
        headings = Headings.TITLE
    elif classes & {"panel-tabset", "tabset"}:
        headings = Headings.LABELS
    return Opening(Kind.ADMONITION, name, title, mark, lead, headings=headings)


def is_off_the_web(attributes: str) -> bool:
    """Return whether Quarto leaves what has these attributes (``.content-hidden when-format="html"``) out of pages."""
    classes = frozenset(word[1:] for word in attributes.strip("{}").split() if word.startswith("."))
    return _is_hidden(classes, attributes_of(attributes))


def _is_hidden(classes: frozenset[str], values: Mapping[str, str]) -> bool:
    """Return whether Quarto leaves a div out of the pages that it builds for the web."""
    if "hidden" in classes:
        return True
    visible, hidden = "content-visible" in classes, "content-hidden" in classes
    if not (visible or hidden):
        return False
    applies = not any(key.startswith(("when-", "unless-")) for key in values)
    if "when-format" in values:
        applies = values["when-format"].startswith(("html", "web"))
    elif "unless-format" in values:
        applies = not values["unless-format"].startswith(("html", "web"))
    elif not applies:
        return False  # by profile or metadata: shown
    return applies if hidden else not applies


def block_opening(line: str) -> Opening | None:
    """Return the block of PyMdown's that a line of slashes opens."""
    match = _BLOCK.match(line)
    if match is None:
        return None
    name, argument = match["name"].lower(), match["argument"] or ""
    kind = Kind.ADMONITION
    if name == "html":
        tag = re.split(r"[.#\[ ]", argument, maxsplit=1)[0].lower()
        kind = _KINDS_OF_TAGS.get(tag, Kind.CONTAINER)
        argument = ""
    elif name in _CAPTIONS:
        kind, argument = Kind.CONTAINER, ""
    return Opening(kind, name, argument, match["mark"], match["lead"], Head.INDENTED)


def indented_title(line: str) -> str | None:
    """Return the title of the admonition or tab of MkDocs that a line opens ("": none); None if it opens no such."""
    match = _ADMONITION.match(line) or _TAB.match(line)
    return None if match is None else match["title"] or ""


def ends(mark: str, line: str, *, quoted: bool = False) -> bool:
    """Return whether a line ends the container with that fence."""
    bare = line.strip(" \t>") if quoted else line.strip()
    if mark[:1] == "/":
        return bare == mark
    return len(bare) >= len(mark) and not bare.strip(mark[0])


def attributes_of(text: str) -> dict[str, str]:
    """Return the ``key=value`` pairs in a text, values without their quotation marks."""
    return {
        match["key"].lower(): next((v for v in match.group("double", "single", "bare") if v is not None), "")
        for match in _ATTRIBUTE.finditer(text)
    }


def _quoted(text: str) -> str:
    start, end = text.find('"'), text.rfind('"')
    return text[start + 1 : end] if 0 <= start < end else ""


class Options:
    """Takes the lines of options between a container's first line and its content.

    Attributes:
        values: The options so far, by name in lower case.
    """

    def __init__(self, opening: Opening) -> None:
        """Start below the first line of a container."""
        self.opening = opening
        self.values: dict[str, str] = dict(opening.options)
        self._head = opening.head
        self._in_yaml = False  # between lines "---"
        self._key = ""

    def takes(self, line: str, ahead: Sequence[str]) -> bool:
        """Return whether a line belongs to the options; it is recorded then.

        Args:
            line: The line.
            ahead: The lines that follow, as many as options may have.
        """
        body = line.strip()
        if self._in_yaml:
            self._take_yaml(line, body)
            return True
        if self._head is Head.DIRECTIVE:
            return self._take_directive(body, ahead)
        if self._head is Head.INDENTED:
            lead = self.opening.lead
            inside = body != "" and line.startswith(lead + "    ")
            return inside and self._take_pair(line[len(lead) + 4 :])
        match = _OBSIDIAN.match(body) if self._head is Head.OBSIDIAN else None
        if match is None:
            return False
        self._record(match["key"], match["value"])
        return True

    def _take_directive(self, body: str, ahead: Sequence[str]) -> bool:
        if ">" in self.opening.lead:
            body = body.lstrip("> \t")
        if not body:
            return not self._key
        if body == "---" and not self._key:
            self._in_yaml = self._has_end(ahead)
            return self._in_yaml
        match = _OPTION.match(body)
        if match is None:
            return False
        self._key = match["key"]
        self._record(match["key"], match["value"])
        return True

    def _has_end(self, ahead: Sequence[str]) -> bool:
        for line in ahead:
            if line.strip(" \t>") == "---":
                return True
            if ends(self.opening.mark, line, quoted=">" in self.opening.lead):
                break
        return False

    def _take_yaml(self, line: str, body: str) -> None:
        if body.strip("> \t") == "---":
            self._in_yaml = False
            self._head = Head.NONE
        else:
            self._take_pair(line.lstrip("> \t") if ">" in self.opening.lead else line.removeprefix(self.opening.lead))

    def _take_pair(self, text: str) -> bool:
        match = _PLAIN.match(text)
        if match is not None:
            self._key = match["key"]
            self._record(match["key"], match["value"])
            return True
        if self._key and (text[:1] in (" ", "\t") or text.startswith("- ")):  # a value over several lines
            known = self.values.get(self._key.lower(), "")
            self._record(self._key, f"{'' if known in _SCALARS else known} {text.strip()}")
        return bool(self._key)

    def _record(self, key: str, value: str) -> None:
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" and value[0] not in value[1:-1]:
            value = value[1:-1]
        self.values[key.lower()] = value


_OPTION = re.compile(r":(?P<key>[\w-]+):(?P<value>.*)$")
_PLAIN = re.compile(r"(?P<key>[\w-]+):(?P<value>(?:[ \t].*)?)$")
_OBSIDIAN = re.compile(r"(?P<key>title|collapse|icon|color):(?P<value>.*)$")
_SCALARS = frozenset(("|", ">", "|-", ">-", "|+", ">+"))
