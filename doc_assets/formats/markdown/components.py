"""The words that a reader sees of a component's properties, in MDX and in HTML tags with an upper-case name.

Strings are shown as arguments of template tags are (``template_words``); arrays and objects are lists and tables. Where
the words stand in the text is for ``jsx`` and ``raw_html``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from doc_assets.formats.markdown.js_literals import UNKNOWN, read_literal
from doc_assets.formats.markdown.template_words import shows

_PROPERTY = re.compile(
    r"(?P<name>[@:#]?[A-Za-z_][\w:.-]*)(?:\s*=\s*(?:\"(?P<d>[^\"]*)\"|'(?P<s>[^']*)'|(?P<open>\{)))?"
)
_SHOWN = frozenset(("tip", "address", "tagline", "headline", "file-name", "hint"))  # besides those of template tags
_FIELD_NAMES = ("query", "path", "body", "header", "name", "param", "field")
_TAB = frozenset(("tab", "tabitem", "tabpane", "tabpanel", "tabcontent", "tabscontent", "panel", "codetab"))
_TRIGGER = frozenset(("tabstrigger", "tabtrigger", "tabbutton"))
_LABELS = ("items", "values", "labels", "tabs", "titles", "options", "headers", "names")
_NO_DATA = re.compile(
    r"(?:style|class|classname|classnames|sx|icons?|colou?rs?|cols|columns|breakpoints|margin|padding|animation|variants"
    r"|rss|href|url|src|srcset|sizes|on[A-Z]\w*|data-\w+|meta|metadata|seo|plugins|components)$|.*(?:Style|Class|ClassName)$"
)
_LINKS = frozenset(("link", "external", "href", "url", "to", "open", "disabled", "hidden", "new", "active", "isnew"))
_ADDRESS = re.compile(
    r"(?:[a-z]+:)?//\S*|(?:mailto|data):\S*|\.{0,2}/\S*|#\S*|\S+\.(?:png|jpe?g|svg|gif|webp|mp4|mdx?|html?|css)"
)
_MAX_CELL = 2_000


@dataclass(slots=True)
class TabGroup:
    """An open group of tabs: the labels that it states for the tabs in it, in order and by their value."""

    labels: list[str] = field(default_factory=list)
    by_value: dict[str, str] = field(default_factory=dict)
    next: int = 0
    lists_labels: bool = False

    def label(self, value: object) -> str:
        """Return the label of the next tab, which has that value."""
        position = self.next
        self.next += 1
        if isinstance(value, str) and (named := self.by_value.get(value)):
            return named
        if isinstance(value, str) and value:
            return value
        return self.labels[position] if position < len(self.labels) else ""


def is_tab(name: str) -> bool:
    """Return whether a component is one tab of a group."""
    return name.rpartition(".")[2].lower() in _TAB


def is_tab_trigger(name: str) -> bool:
    """Return whether a component holds the label of a tab, whose body comes later."""
    return name.rpartition(".")[2].lower() in _TRIGGER


def lists_labels(name: str) -> bool:
    """Return whether a component holds the labels of a group's tabs, whose bodies come later."""
    return name.rpartition(".")[2].lower() in ("tablist", "tabslist")


def opens_tabs(name: str) -> bool:
    """Return whether a component groups tabs."""
    lower = name.lower()
    return "." not in name and (lower.endswith(("tabs", "tabgroup", "tabview")) or lower in ("codegroup", "codetabs"))


def tab_label(name: str, props: Mapping[str, str]) -> list[str]:
    """Return the value of a tab without a label, in a page that is no MDX."""
    return [props["value"]] if is_tab(name) and props.get("value") else []


def tab_group(props: Mapping[str, object]) -> TabGroup:
    """Return the labels in a group's properties (Docusaurus, Nextra, Fumadocs)."""
    group = TabGroup()
    items = next((value for key in _LABELS if isinstance(value := props.get(key), list)), [])
    for item in items[:100]:
        if isinstance(item, Mapping):
            stated = (item.get(key) for key in ("label", "title", "name", "header"))
            label = next((text for text in stated if isinstance(text, str) and text), "")
            value = next((item[key] for key in ("value", "id", "key") if isinstance(item.get(key), str)), "")
        else:
            label = value = item if isinstance(item, str) else ""
        group.labels.append(label)
        if value and label:
            group.by_value[str(value)] = label
    return group


def read_props(raw: str, constants: Mapping[str, object]) -> dict[str, object]:
    """Return the properties in a tag: strings, literals, ``constants`` by their name, True for one without a value."""
    props: dict[str, object] = {}
    position = 0
    while match := _PROPERTY.search(raw, position):
        position = match.end()
        if match["open"]:
            value, end = read_literal(raw, position, len(raw))
            if value is UNKNOWN or raw[end : end + 1] != "}":
                value = constants.get(raw[position:end].strip(), UNKNOWN)
                value = value if raw[end : end + 1] == "}" else UNKNOWN
            position = max(position, end)
        else:
            text = match["d"] if match["d"] is not None else match["s"]
            value = True if text is None else html.unescape(text)
        props.setdefault(match["name"], value)
    return props


def words_of(name: str, props: Mapping[str, object]) -> list[str]:
    """Return the phrases that a component shows of its properties, in order."""
    if name.endswith("Field") or name == "Param":
        return _field(props)
    if name == "Icon" or (name.endswith((".Icon", "Icon")) and "title" not in props):
        return []  # a label or name is what only screen readers say
    number = props.get("number")
    labelled = not is_tab(name) and any(key in props for key in ("label", "title", "name"))
    words: list[str] = []
    for key, value in props.items():
        if not isinstance(value, str) or not value.strip():
            continue
        lower = "file-name" if key.lower() == "filename" else key.lower()
        text = " ".join(value.split())
        if lower in _SHOWN or shows(lower, text) or (lower == "value" and labelled):
            named = name == "Listing" and lower == "file-name"
            words.append(f"Filename: {text}" if named else text)
    if isinstance(number, str) and number.strip():
        caption = props.get("caption") or props.get("title")
        stated = " ".join(str(caption).split()) if isinstance(caption, str) else ""
        words = [word for word in words if word != stated]
        words.append(f"{name} {number}: {stated}" if stated else f"{name} {number}")
    if isinstance(tags := props.get("tags"), list):
        words.append(", ".join(tag for tag in tags if isinstance(tag, str)))
    return [word for word in dict.fromkeys(words) if word]


def _field(props: Mapping[str, object]) -> list[str]:
    """Return the head of a parameter or of a part of a response (Mintlify, Fern, OpenAPI components)."""
    words = [next((value for key in _FIELD_NAMES if isinstance(value := props.get(key), str)), "")]
    words.append(value if isinstance(value := props.get("type"), str) else "")
    words += [flag for flag in ("required", "deprecated") if props.get(flag) in (True, "true", "")]
    if isinstance(value := props.get("default"), str) and value:
        words.append(f"default: {value}")
    head = " ".join(" ".join(word.split()) for word in words if word)
    return [
        text for text in (head, *(str(props[k]) for k in ("description",) if isinstance(props.get(k), str))) if text
    ]


def data_of(props: Mapping[str, object], *, tabs: bool = False) -> list[str]:
    """Return Markdown for the arrays and objects among a component's properties: tables and lists.

    Args:
        props: The properties.
        tabs: The component groups tabs, whose labels are not data.
    """
    pieces: list[str] = []
    for key, value in props.items():
        if key == "tags" or (tabs and key in _LABELS) or _NO_DATA.match(key) or not isinstance(value, (list, dict)):
            continue
        pieces += _blocks(value)
    return pieces


def _blocks(value: object) -> list[str]:
    if isinstance(value, Mapping) and len(value) > 1 and all(isinstance(item, Mapping) for item in value.values()):
        return _table([{"name": key, **item} for key, item in value.items()])  # Fumadocs' TypeTable
    if isinstance(value, Mapping):
        lines = _shown_values(value)
        nested = [
            piece
            for key, item in value.items()
            if isinstance(item, list) and not _NO_DATA.match(key)
            for piece in _blocks(item)
        ]
        return [*(["\n".join(lines)] if lines else []), *nested]
    if not isinstance(value, list):
        return []
    rows = [item for item in value if isinstance(item, Mapping)]
    if rows and len(rows) == len(value):
        return _table(rows)
    words = [text for item in value if (text := _text(item)) and not _is_address(text)]
    if not words or not any(re.search(r"[^\W\d_]{2}", word) for word in words):
        return []
    return ["\n".join(f"- {word}" for word in words)]


def _table(rows: list[Mapping[str, object]]) -> list[str]:
    """Return a table of objects with the same keys; one that is not filled enough is paragraphs."""
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if not _is_technical(key)]
    cells = [[_text(row.get(key)) for key in keys] for row in rows]
    used = [n for n in range(len(keys)) if any(cell[n] and not _is_address(cell[n]) for cell in cells)]
    if any(keys[n].lower() in ("label", "title") for n in used):  # a menu, whose identifiers nobody sees
        used = [n for n in used if keys[n].lower() not in ("id", "key", "slug", "variant")]
    filled = sum(1 for cell in cells for n in used if cell[n])
    if not used or not filled:
        return []
    if len(used) == 1:
        return ["\n".join(f"- {cell[used[0]]}" for cell in cells if cell[used[0]])]
    if len(rows) < 2 or filled * 5 < len(rows) * len(used) * 3:
        return ["\n".join(cell[n] for n in used if cell[n]) for cell in cells if any(cell[n] for n in used)]
    lines = [[keys[n] for n in used], ["---"] * len(used), *([cell[n] for n in used] for cell in cells)]
    return ["\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)]


def _shown_values(value: Mapping[str, object]) -> list[str]:
    return [
        text
        for key, item in value.items()
        if isinstance(item, str) and not _is_technical(key) and not _is_identifier(key)
        if (text := " ".join(item.split())[:_MAX_CELL]) and not _is_address(text)
    ]


def _is_technical(key: str) -> bool:
    return _NO_DATA.match(key) is not None or key.lower() in _LINKS or key.lower() in ("image", "img", "logo", "avatar")


def _is_identifier(key: str) -> bool:
    return key.lower() in ("id", "key", "slug", "type", "kind", "variant")


def _is_address(value: str) -> bool:
    return _ADDRESS.fullmatch(value) is not None


def _text(value: object) -> str:
    """Return a value in one line of a table or list."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return " ".join(value.split())[:_MAX_CELL]
    if isinstance(value, list):
        return _joined(_text(item) for item in value)
    if isinstance(value, Mapping):
        return _joined(_shown_values(value))
    return ""


def _joined(words: Iterable[str]) -> str:
    return ", ".join(word for word in words if word)[:_MAX_CELL]


def code_of(props: Mapping[str, object]) -> str:
    """Return the listing that a component states in a property (``<Code code="…">``, ``<Tabs command="add x">``)."""
    for key in ("code", "command", "commands", "cmd"):
        value = props.get(key)
        if isinstance(value, list) and value and all(isinstance(line, str) for line in value):
            return "\n".join(value)
        if isinstance(value, str) and value.strip():
            return value.strip("\n").rstrip()
    return ""
