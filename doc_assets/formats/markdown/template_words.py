"""The words that a reader sees of a template tag: tables of the tags and arguments of site tools and their themes.

A tag is ``{{< name … >}}`` (Hugo), ``{% name … %}`` (Liquid, Markdoc, GitBook, Nunjucks) or ``{{ name(…) }}`` (macros);
``template_tags`` finds it in the text. An argument is shown if its name says so, or if it is a phrase and nothing says
otherwise; paths, styles, identifiers and flags are not.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_ARGUMENT = re.compile(
    r"""(?:(?P<key>[A-Za-z_][\w.-]*)[ \t]*(?:=\s*|:\s*(?=["'`])))?"""
    r"""(?:"(?P<d>(?:[^"\\]|\\.)*+)"|'(?P<s>(?:[^'\\]|\\.)*+)'|`(?P<raw>[^`]*+)`"""
    r"""|(?P<bare>[^\s"'`,()\[\]{}|=][^\s"`,()\[\]{}|]*))""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\([\"'\\])")

# fmt: off
_SHOWN = frozenset((
    "title", "header", "heading", "subheading", "subheader", "subtitle", "caption", "alt", "name", "summary",
    "label", "text", "content", "description", "footer", "badge", "tooltip", "question", "answer", "message",
    "quote", "author", "tabname", "aria-label", "body",
))
_TECHNICAL = frozenset((
    "class", "classname", "style", "id", "src", "href", "link", "url", "to", "file", "path", "page", "image",
    "img", "icon", "color", "colour", "background", "width", "height", "size", "type", "lang", "language",
    "codelang", "target", "rel", "align", "position", "layout", "theme", "variant", "options", "opts", "tags",
    "when", "if", "include-if", "from", "slug", "method", "linenos", "hl_lines", "term_id", "overflow", "command",
    "image_anchor", "color_scheme", "cardcolor", "iconcolor", "textcolor", "parameters", "params", "with", "key",
    "value", "default", "group", "groupid", "items",
))
# Only named words of these are shown: the others are targets, identifiers, expressions and diagrams.
_REFERENCES = frozenset((
    "ref", "relref", "link", "doclink", "indoclink", "post-url", "youtube", "vimeo", "gist", "tweet", "x",
    "instagram", "include", "include-cached", "include-relative", "readfile", "read-file", "code-sample",
    "codenew", "highlight", "param", "skew", "api-reference", "api-reference-link", "tabs", "toc", "children",
    "figure", "img", "image", "imgproc", "inline-image", "screenshot", "gallery", "mermaid", "katex", "math",
    "asciinema", "video", "audio", "iframe", "pdf", "jupyter", "redoc", "swaggerui", "swagger-ui", "chart",
    "script", "github", "article", "siteparam", "env", "fa", "fab", "fas", "icon", "svg", "lucide", "partial",
    "code", "anchor", "fragment", "render", "reusable", "data", "indented-data-reference", "var", "meta",
    "embed-code", "swatches", "columns", "column", "col", "grid", "steps", "step", "row", "table", "list",
    "img-gallery", "br", "date", "time", "spacer", "badge-code", "tabpane",
))
# Tags of the template languages themselves: expressions and conditions, of which the site shows the outcome only.
_CONTROL = frozenset((
    "if", "elif", "elsif", "else", "unless", "for", "case", "when", "ifversion", "capture", "assign", "set",
    "raw", "verbatim", "comment", "extends", "import", "from", "macro", "call", "filter", "with", "load", "cycle",
    "increment", "decrement", "break", "continue", "block", "do", "autoescape", "csrf-token", "liquid", "render",
    "layout", "tablerow", "now", "url", "static", "trans", "blocktrans", "spaceless", "cache", "echo", "paginate",
    "render-component",
))
_STYLES = frozenset((
    "note", "notes", "info", "information", "tip", "hint", "warning", "warn", "danger", "caution", "important",
    "success", "error", "question", "example", "quote", "abstract", "bug", "failure", "todo", "primary",
    "secondary", "light", "dark", "default", "muted", "open", "close", "closed", "true", "false", "left", "right",
    "center", "none", "blue", "green", "red", "yellow", "orange", "grey", "gray", "simple", "modern", "flat",
    "small", "large", "wide", "new", "experimental",
))
_INLINE = frozenset((
    "glossary-tooltip", "glossary", "kbd", "badge", "term", "tooltip", "abbr", "octicon", "button", "label",
    "mark", "highlight-text", "link", "var",
))
# Words that kubernetes.io's `heading` shortcode shows in English (i18n/en/en.toml of kubernetes/website).
_HEADINGS = {
    "cleanup": "Cleaning up", "envvars": "Environment variables", "examples": "Examples", "feedback": "Feedback",
    "objectives": "Objectives", "options": "Options", "parentoptions": "Parent Options Inherited",
    "prerequisites": "Before you begin", "seealso": "See Also", "synopsis": "Synopsis", "whatsnext": "What's next",
}
# fmt: on
_TECHNICAL_ENDS = ("class", "classname", "style", "url", "href", "src", "path", "icon", "color", "css")
_PLACE = re.compile(
    r"(?:[a-z]+:)?//\S*|(?:mailto|data):\S*|\.{0,2}/\S*|#\S*|\S+\.[a-z][a-z0-9]{1,4}|[\w.-]+(?:/[\w.-]+)+/?|@\S+",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_VERSION = re.compile(r"v?\d+(?:\.\d+)+\+?")
_CODE = re.compile(r"[=;{}<>$|]")


@dataclass(frozen=True, slots=True)
class Arguments:
    """What stands in a tag after its name.

    Attributes:
        named: Values by lower-case name.
        quoted: Positional values in quotes.
        bare: Positional values without quotes.
        order: The names and positional values in their order; a positional value has the name "".
    """

    named: Mapping[str, str] = field(default_factory=dict)
    quoted: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    order: tuple[tuple[str, str], ...] = ()

    @property
    def first(self) -> str:
        """Return the first positional value, or ""."""
        return next(iter((*self.quoted, *self.bare)), "")

    def get(self, *names: str) -> str:
        """Return the first value that is not empty among the named ones."""
        return next((self.named[name] for name in names if self.named.get(name)), "")


def read_arguments(text: str) -> Arguments:
    """Read the arguments of a tag; those in lists and objects count like the others."""
    named: dict[str, str] = {}
    quoted: list[str] = []
    bare: list[str] = []
    order: list[tuple[str, str]] = []
    for match in _ARGUMENT.finditer(text):
        plain = match["bare"]
        value = plain if plain is not None else next(v for v in (match["d"], match["s"], match["raw"]) if v is not None)
        value = " ".join((_ESCAPED.sub(r"\1", value) if "\\" in value else value).split())
        key = (match["key"] or "").lower()
        if key:
            named.setdefault(key, value)
            order.append((key, value))
        elif plain is None:
            quoted.append(value)
            order.append(("", value))
        else:
            bare.append(value)
    return Arguments(named, tuple(quoted), tuple(bare), tuple(order))


def is_inline(name: str) -> bool:
    """Return whether a tag shows words of a sentence, also where it starts a line."""
    return name in _INLINE


def is_heading(name: str) -> bool:
    """Return whether a tag that stands alone is a heading (kubernetes.io's ``{{% whatsnext-heading %}}``)."""
    return name.endswith("-heading")


def words_of(name: str, arguments: Arguments, *, inside: bool = False) -> list[str]:
    """Return the phrases that a tag shows, in order.

    Args:
        name: Name of the tag, lower case, with ``-`` for ``_``.
        arguments: Its arguments.
        inside: It stands in a sentence, where a single word is a word; else one of lower case is an identifier.
    """
    if special := _SPECIAL.get(name):
        return [words for words in special(arguments) if words]
    if name in _CONTROL:
        return []
    if name.endswith("-heading"):
        return [_heading(name.removesuffix("-heading"))]
    words: list[str] = []
    inside = inside or name in _INLINE
    positional = 0
    for key, value in arguments.order:
        if key:
            if shows(key, value) and not (key == "name" and name in _REFERENCES):
                words.append(value)
            continue
        positional += 1
        if (
            name not in _REFERENCES
            and not (positional == 1 and name not in _INLINE and value.lower() in _STYLES)
            and _is_word(value, inside)
        ):
            words.append(value)
    if not words and arguments.bare and not arguments.named and name not in _REFERENCES:
        words = [_bare_title(name, arguments.bare)]
    return list(dict.fromkeys(word for word in words if word))


def shows(key: str, value: str) -> bool:
    """Return whether a reader sees the value of a named argument: its name says so, or it is a phrase."""
    if key in _SHOWN:
        return _is_shown(value)
    return not _is_technical(key) and _is_phrase(value)


def _is_technical(key: str) -> bool:
    return key in _TECHNICAL or key.startswith(("v-", ":", "@", "#", "data-", "on")) or key.endswith(_TECHNICAL_ENDS)


def _is_shown(value: str) -> bool:
    return value.lower() not in ("", "true", "false") and not value.startswith("$")


def _is_phrase(value: str) -> bool:
    words = sum(1 for word in value.split() if _LETTER.search(word))
    return words > 1 and not _CODE.search(value) and not _PLACE.fullmatch(value)


def _is_word(value: str, inside: bool) -> bool:
    if not value or value.lower() in ("true", "false") or _PLACE.fullmatch(value):
        return False
    if _is_phrase(value) or _VERSION.fullmatch(value):
        return True
    if inside:
        return re.search(r"\w", value) is not None
    return _LETTERS.search(value) is not None and (value != value.lower() or not value.isascii())


def _bare_title(name: str, bare: tuple[str, ...]) -> str:
    """Return words without quotes, as in ``{% tab Linux %}`` or ``{{< kbd Ctrl+C >}}``, if they are a title."""
    if name in ("tab", "kbd"):
        return " ".join(bare)
    rest = bare[1:] if bare[0].lower() in _STYLES else bare
    title = " ".join(rest)
    return title if rest and rest[0][:1].isupper() and not _CODE.search(title) and not _PLACE.fullmatch(title) else ""


def _heading(key: str) -> str:
    return _HEADINGS.get(key, key.replace("-", " ").replace("_", " ").capitalize())


def _readable(identifier: str) -> str:
    return identifier.replace("-", " ").replace("_", " ")


def _endpoint(arguments: Arguments) -> list[str]:
    """Return the summary and the address of a method of an API (GitBook)."""
    address = (arguments.get("baseurl", "host") + arguments.get("path")).strip()
    address = "" if address.startswith("http") and not arguments.get("method") else address
    called = " ".join(word for word in (arguments.get("method").upper(), address) if word)
    return [arguments.get("summary"), called, arguments.get("description")]


def _parameter(arguments: Arguments) -> list[str]:
    required = "required" if arguments.get("required") == "true" else ""
    return [" ".join(w for w in (arguments.get("name"), arguments.get("type"), arguments.get("in"), required) if w)]


def _response(arguments: Arguments) -> list[str]:
    return [" ".join(w for w in (arguments.get("status", "httpcode"), arguments.get("description")) if w)]


def _feature_state(arguments: Arguments) -> list[str]:
    version, state = arguments.get("for_k8s_version"), arguments.get("state")
    if gate := arguments.get("feature_gate_name"):
        return [f"Feature state: {gate}"]
    stated = " ".join(w for w in (f"Kubernetes {version}" if version else "", f"[{state}]" if state else "") if w)
    return [f"Feature state: {stated}" if stated else ""]


def _file(arguments: Arguments) -> list[str]:
    return [arguments.get("caption", "name", "title") or posixpath.basename(arguments.get("src"))]


def _tooltip(arguments: Arguments) -> list[str]:
    return [arguments.get("text") or _readable(arguments.get("term_id"))]


def _octicon(arguments: Arguments) -> list[str]:
    return [arguments.get("aria-label")]


_SPECIAL: Mapping[str, Callable[[Arguments], list[str]]] = {
    "heading": lambda a: [_heading(a.first)],
    "glossary-tooltip": _tooltip,
    "glossary-definition": lambda a: [a.get("prepend")],
    "feature-state": _feature_state,
    "thirdparty-content": lambda _: [],
    "octicon": _octicon,
    "swagger": _endpoint,
    "openapi": _endpoint,
    "openapi-operation": _endpoint,
    "api-method": _endpoint,
    "swagger-parameter": _parameter,
    "api-method-parameter": _parameter,
    "swagger-response": _response,
    "api-method-response-example": _response,
    "update": lambda a: [a.get("date")],
    "file": _file,
    "embed": lambda a: [a.get("caption", "title") or a.get("url")],
}
