"""What expressions of templates stand for, where front matter, the page or the site's configuration state it plainly.

| tool | expression | where its value is |
|---|---|---|
| Jekyll | ``{{ page.x }}``, ``{{ site.x }}`` | front matter, ``_config.yml`` |
| mkdocs-macros | ``{{ x }}``, ``{{ config.x }}`` | front matter, ``extra`` and ``include_yaml`` in ``mkdocs.yml`` |
| MyST, Jupyter Book | ``{{ x }}`` | ``substitutions`` in front matter, ``myst_substitutions`` in ``_config.yml`` |
| VitePress | ``{{ x }}``, ``{{ $frontmatter.x }}`` | plain constants of ``<script setup>``, front matter |
| Markdoc | ``{% $frontmatter.x %}`` | front matter |
| Hugo | ``{{< param x >}}`` | front matter, ``params`` in ``hugo.toml`` |
| Quarto | ``{{< meta x >}}``, ``{{< var x >}}`` | front matter, ``_variables.yml`` |
| GitBook | ``<code class="expr">space.vars.x</code>`` | ``.gitbook/vars.yaml``, ``vars`` in front matter |

A template may set names itself (``{% set x = "…" %}``, ``{% assign x = "…" %}``). Filters are not applied. Listings:
Jekyll and mkdocs-macros render them too, so a known value is put in; a name that a page of mkdocs-macros does not know
(its macros are Python) is the word itself in prose, and a placeholder in a listing. Vue renders no listing; what it
computes in prose loses its braces. All else stays as written.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping

from doc_assets.document import JsonValue
from doc_assets.formats.markdown.fences import outside_fences
from doc_assets.formats.markdown.front_matter import read_yaml
from doc_assets.formats.markdown.includes import Includes, folders_above, path_from
from doc_assets.formats.markdown.js_literals import read_literal

_NAME = r"[A-Za-z_$][\w$]*(?:[.-][\w$]+)*"
_EXPRESSION = re.compile(
    r"(?P<code>`+[^`\n]+`+)"
    rf"|(?<![$\\{{])\{{\{{-?[ \t]*(?P<name>{_NAME})[ \t]*(?:\|(?P<filters>[^{{}}\n]{{0,200}}))?-?\}}\}}"
    rf"|\{{\{{[<%][ \t]*(?P<tag>param|meta|var|siteparam)[ \t]+[\"']?(?P<param>[\w.-]+)[\"']?[ \t]*[>%]\}}\}}"
    rf"|\{{%[ \t]*(?P<variable>\${_NAME})[ \t]*/?%\}}"
    r"|<code class=\"expr\">[ \t]*(?P<expr>[\w.]+)[ \t]*</code>"
)
_ASSIGNED = re.compile(
    r"\{%-?[ \t]*(?:set|assign)[ \t]+(\w+)[ \t]*=[ \t]*(?:\"([^\"{}]*)\"|'([^'{}]*)'|(\d[\d.]*))[ \t]*-?%\}"
)
_MACRO = re.compile(r"`+[^`\n]+`+|(?<![$\\{])\{\{-?[ \t]*(?P<macro>[A-Za-z_]\w*)\(")
_SCRIPT = re.compile(r"<script\b[^<>]*\bsetup\b[^<>]*>(.{0,20000}?)</script>", re.DOTALL)
_CONSTANT = re.compile(
    r"^[ \t]*(?:const|let)[ \t]+(\w+)[ \t]*(?::[^=\n]{0,200})?=(?![=>])[ \t]*(?:ref\()?", re.MULTILINE
)
_COMPUTED = re.compile(r"`+[^`\n]+`+|(?<![$\\{])\{\{[ \t]*(?P<expression>[^{}\n]{1,300}?)[ \t]*\}\}")
_DEFAULT = re.compile(r"[ \t]*default(?:[ \t]*\([ \t]*|:[ \t]*)[\"']([^\"']{0,200})[\"']")
_OWN = ("page", "frontmatter", "$frontmatter", "$markdoc", "site", "config", "include", "layout", "content", "jekyll")
_LONGEST_VALUE = 1_000  # characters


def expand_values(text: str, facts: Mapping[str, JsonValue], includes: Includes, path: str) -> str:
    """Replace the expressions whose value is stated.

    Args:
        text: A page without front matter.
        facts: Its front matter.
        includes: Reads the configuration near the page.
        path: Path of the page, relative to the source's root.
    """
    if "{{" not in text and "{% $" not in text and 'class="expr"' not in text:
        return text
    if not any(match["code"] is None for match in _EXPRESSION.finditer(text)):
        return text
    values = _Values(text, facts, includes, path)
    longer = outside_fences(text, values.in_prose, values.in_listing)
    return longer if includes.has_room(len(longer) - len(text)) else text


class _Values:
    def __init__(self, text: str, facts: Mapping[str, JsonValue], includes: Includes, path: str) -> None:
        self.facts = facts
        self.includes = includes
        self.path = path
        self.files: dict[str, Mapping] = {}
        pieces: list[str] = []
        outside_fences(text, lambda piece: pieces.append(piece) or piece)
        prose = "\n".join(pieces)
        self.assigned = {m[1]: next(v for v in m.groups()[1:] if v is not None) for m in _ASSIGNED.finditer(prose)}
        self.substitutions = _mapping(facts.get("substitutions")) or _mapping(
            _mapping(facts.get("myst")).get("substitutions")
        )
        self.calls_macros = any(match["macro"] for match in _MACRO.finditer(prose))
        script = _SCRIPT.search(text)
        self.constants = _constants(script[1]) if script else None
        self._macros: Mapping | None = None

    def in_prose(self, prose: str) -> str:
        prose = _EXPRESSION.sub(lambda match: self.shown(match, listing=False), prose)
        return prose if self.constants is None else _COMPUTED.sub(lambda match: match["expression"] or match[0], prose)

    def in_listing(self, code: str) -> str:
        if "{{" not in code or not self.renders_listings():
            return code
        return _EXPRESSION.sub(lambda match: self.shown(match, listing=True), code)

    def shown(self, match: re.Match[str], *, listing: bool) -> str:
        if match["code"]:
            inner = match[0].strip("`")
            return (
                match[0].replace(inner, self.in_listing(inner), 1) if "{{" in inner and "`" not in inner else match[0]
            )
        value = self.value_of(match, listing=listing)
        if value is not None:
            return value
        if match["filters"] and not listing and (default := _DEFAULT.match(match["filters"])):
            return default[1]
        name = match["name"]
        if name and "." not in name and self.is_macros_page():
            return f"<{name}>" if listing else name
        return match[0]

    def value_of(self, match: re.Match[str], *, listing: bool) -> str | None:
        if match["tag"]:
            return self.param(match["tag"], match["param"])
        if match["expr"]:
            return self.gitbook(match["expr"])
        name = (match["name"] or match["variable"]).lstrip("$")
        root, _, rest = name.partition(".")
        if root in ("page", "frontmatter", "meta"):
            return None if listing and root != "page" else _at(self.facts, rest.removeprefix("meta."))
        if root == "markdoc":
            return _at(self.facts, rest.removeprefix("frontmatter."))
        if root == "site":
            return _at(self.config("_config.yml"), rest)
        if root in _OWN and root != "config":
            return None
        if name in self.assigned:
            return self.assigned[name]
        if self.constants is not None:
            return _at(self.constants, name)
        if not listing and (own := _at(self.substitutions, name)) is not None:
            return own
        return self.macro_value(name, listing=listing)

    def macro_value(self, name: str, *, listing: bool) -> str | None:
        settings = self.macros()
        root, _, rest = name.partition(".")
        if root == "config":
            settings_of_site = self.config("mkdocs.yml")
            return _at(settings_of_site, rest)
        if settings is not None:
            for place in (settings, self.facts):
                if (value := _at(place, name)) is not None:
                    return value
        if listing:
            return None
        book = self.config("_config.yml")
        return _at(_mapping(_mapping(book.get("parse")).get("myst_substitutions")), name) if book else None

    def renders_listings(self) -> bool:
        return self.is_macros_page() or bool(self.config("_config.yml"))

    def is_macros_page(self) -> bool:
        return self.calls_macros or self.macros() is not None

    def macros(self) -> Mapping | None:
        """Return the variables that mkdocs.yml gives to mkdocs-macros; None if the site does not use it."""
        if self._macros is not None:
            return self._macros or None
        site = self.config("mkdocs.yml")
        plugins = site.get("plugins")
        plugins = plugins if isinstance(plugins, (list, Mapping)) else ()
        own = next((_options(plugin, plugins) for plugin in plugins if _plugin(plugin) == "macros"), None)
        if own is None:
            self._macros = {}
            return None
        values: dict[str, object] = {"extra": site.get("extra"), **_mapping(site.get("extra"))}
        stated = own.get("include_yaml")
        for item in stated if isinstance(stated, list) else [stated] if stated else []:
            for key, file in item.items() if isinstance(item, Mapping) else ((None, item),):
                data = self.config(str(file)) if isinstance(file, str) else {}
                values.update({str(key): data} if key else data)
        self._macros = values or {"": ""}
        return self._macros

    def param(self, tag: str, name: str) -> str | None:
        if tag != "var" and (own := _at(self.facts, name)) is not None:
            return own
        if tag == "var":
            return _at(self.config("_variables.yml"), name)
        for file in ("hugo.toml", "hugo.yaml", "config.toml", "config.yaml") if tag != "meta" else ():
            found = _at(_mapping(self.config(file).get("params")), name)
            if found is not None:
                return found
        return None

    def gitbook(self, expression: str) -> str | None:
        root, _, name = expression.partition(".vars.")
        if root == "page":
            return _at(_mapping(self.facts.get("vars")), name)
        return _at(self.config(".gitbook/vars.yaml"), name) if root == "space" else None

    def config(self, name: str) -> Mapping:
        """Return the data of the nearest file of a name in the folders above the page."""
        if name not in self.files:
            found = self.includes.find(_above(self.path, name))
            self.files[name] = (_toml if name.endswith(".toml") else read_yaml)(found[1]) or {} if found else {}
        return self.files[name]


def _constants(script: str) -> Mapping[str, object]:
    """Return the plain constants of a component of Vue, also those in ``ref(…)``."""
    found: dict[str, object] = {}
    for match in _CONSTANT.finditer(script):
        found[match[1]], _ = read_literal(script, match.end(), len(script))
    return found


def _above(path: str, name: str) -> Iterator[str | None]:
    return (path_from(folder, posixpath.normpath(name)) for folder in folders_above(path))


def _toml(text: str) -> Mapping | None:
    if text.count("[") + text.count("{") > 400:  # tomllib recurses once per open bracket
        return None
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        return None


def _plugin(plugin: object) -> str:
    return str(next(iter(plugin), "")) if isinstance(plugin, Mapping) else str(plugin)


def _options(plugin: object, plugins: object) -> Mapping:
    if isinstance(plugin, Mapping):
        return _mapping(plugin.get("macros"))
    return _mapping(plugins.get("macros")) if isinstance(plugins, Mapping) else {}


def _mapping(value: object) -> Mapping:
    return value if isinstance(value, Mapping) else {}


def _at(values: Mapping, name: str) -> str | None:
    """Return the text of a plain value at a dotted name, as written or with other letters in upper case."""
    value: object = values
    for part in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part, value.get(part.lower()))
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = str(value).strip("\n")
    return text if len(text) <= _LONGEST_VALUE else None
