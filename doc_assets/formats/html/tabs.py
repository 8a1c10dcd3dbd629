"""Tabs: the label of each stands before its body, whichever way a tool ties the two together.

Labels are buttons with the role ``tab`` (Docusaurus, Starlight, sphinx-tabs, Bootstrap), or labels of radio buttons
beside their bodies (sphinx-design, sphinx-inline-tabs, Hugo Book) or in a bar above them (MkDocs Material, VitePress).
A body belongs to the label that names its id, else to the one at its place.
"""

from __future__ import annotations

import html
import re
from itertools import islice

from selectolax.lexbor import LexborNode, create_tag

from doc_assets.formats.html.tree import after, below, children, classes, collapsed

LABEL = "tab-label"  # class of the paragraphs that this module writes
_BARS = ", ".join(
    (
        "[role=tablist], .tablist, .mdbook-tabs, .tabbed-labels, .nav-tabs, .tab-labels, .tabs, .tab, .tab-bar",
        '.tab-buttons, .CodeTabs-toolbar, [class*="tabs__list"], [class*="tabs-nav"], [class*="tab-nav"]',
    )
)
_LONE_LABELS = "[role=tab], [data-toggle=tab], [data-bs-toggle=tab]"
_PANEL_NAME = re.compile(r"(?:[\w-]*[-_])?tab(?:s|bed)?[-_]{0,2}(?:content|pane|panel|body|block)\w*")
_LONGEST_LABEL = 120  # characters
_MOST_BETWEEN = 20  # elements behind a bar that are no bodies
_MOST_LEVELS = 4  # elements between a bar and the element that also holds its bodies


def label_tabs(root: LexborNode) -> None:
    """Write each tab's label as a paragraph into its body, show the body, and remove the bars of labels."""
    if root.css_first(f"{_BARS}, {_LONE_LABELS}, input[type=radio]") is None:
        return
    by_id: dict[str, LexborNode] | None = None
    for bar in _bars(root):
        labels = _labels(bar)
        if not labels:
            continue
        if by_id is None:
            by_id = {node.id: node for node in root.css("[id]") if node.id}
        bodies = _named_bodies(labels, by_id) or _bodies_in_order(bar, len(labels))
        if bodies:
            for label, body in zip(labels, bodies, strict=True):
                _label(body, collapsed(label))
            bar.remove()
        elif shown := _only_body(bar, labels):
            _label(shown[1], collapsed(shown[0]))
            bar.remove()
        elif bar.css_first("[role=tab]") is not None and _is_filter(labels):
            bar.remove()
    _label_radio_buttons(root)


def _bars(root: LexborNode) -> list[LexborNode]:
    """Return the elements that hold labels: by their own names, or as what is around labels (Hextra, Bootstrap)."""
    found = {bar.mem_id: bar for bar in below(root, _BARS)}
    for label in below(root, _LONE_LABELS):
        node = label.parent
        while node is not None and node.tag in ("li", "span"):
            node = node.parent
        around = node.parent if node is not None else None
        if node is not None and around is not None and found.keys().isdisjoint((node.mem_id, around.mem_id)):
            found[node.mem_id] = node
    return list(found.values())


def _labels(bar: LexborNode) -> list[LexborNode]:
    found = below(bar, "[role=tab]") or below(bar, "label") or below(bar, "a, button") or below(bar, "li")
    labels = [one for one in found if re.search(r"\w", one.text())]
    # A bar holds nothing but labels: an element of such a name may hold the bodies as well.
    return labels if len("".join(bar.text().split())) == sum(len("".join(one.text().split())) for one in labels) else []


def _named_bodies(labels: list[LexborNode], by_id: dict[str, LexborNode]) -> list[LexborNode]:
    """Return the bodies whose ids the labels name, or that name the labels' ids; [] unless each has one of its own."""
    bodies: list[LexborNode] = []
    for label in labels:
        values = label.attributes
        names = [values.get(key) or "" for key in ("aria-controls", "data-bs-target", "data-target", "href")]
        names.append(f"{label.id}--panel" if label.id else "")
        bodies += [by_id[name.lstrip("#")] for name in names if name.lstrip("#") in by_id][:1]
    distinct = {body.mem_id for body in bodies}
    return bodies if len(distinct) == len(labels) == len(bodies) else []


def _only_body(bar: LexborNode, labels: list[LexborNode]) -> tuple[LexborNode, LexborNode] | None:
    """Return the chosen label and its body, if a script has yet to make the bodies of the others (Radix)."""
    chosen = [one for one in labels if one.attributes.get("aria-selected") == "true"]
    bodies = _bodies_in_order(bar, 1) if len(chosen) == 1 else []
    return (chosen[0], bodies[0]) if bodies else None


def _bodies_in_order(bar: LexborNode, count: int) -> list[LexborNode]:
    """Return the bodies that follow a bar, if there are as many as labels."""
    node: LexborNode | None = bar
    inside, alone = bar, True
    for _ in range(_MOST_LEVELS):
        if node is None or node.tag in ("body", "main", "article", "section"):
            return []
        followers = list(islice(after(node), count + _MOST_BETWEEN))
        bodies = [one for one in followers if is_panel(one)]
        if len(bodies) == count:
            return bodies
        for holder in followers[:1]:
            inner = list(islice(children(holder), 2 * count + _MOST_BETWEEN))
            if len(inner) == count and (is_panel(inner[0]) or (count > 1 and alone)):
                return inner
            panels = [one for one in inner if is_panel(one)]
            if len(panels) == count:
                return panels
        # What follows an element with more in it than the bar is no body by its place alone.
        alone = alone and next(after(node), None) is None
        node = node.parent
        if node is not None:
            alone, inside = alone and _is_first(node, inside), node
    return []


def _is_first(parent: LexborNode, node: LexborNode) -> bool:
    first = next(children(parent), None)
    return first is not None and first.mem_id == node.mem_id


def _is_filter(labels: list[LexborNode]) -> bool:
    """Return whether all labels show the same body, as the buttons above Javadoc's tables do."""
    return len({label.attributes.get("aria-controls") for label in labels}) == 1


def is_panel(node: LexborNode) -> bool:
    """Return whether an element is the body of a tab, which is text even while it is closed."""
    return node.attributes.get("role") == "tabpanel" or any(map(_PANEL_NAME.fullmatch, classes(node)))


def _label_radio_buttons(root: LexborNode) -> None:
    """Label bodies that follow ``<input type=radio><label>``, one after the other or all after all of these."""
    for first in below(root, "input[type=radio]"):
        parent = first.parent
        if parent is None or next(children(parent), first).mem_id != first.mem_id:
            continue
        labels: list[LexborNode] = []
        bodies: list[LexborNode] = []
        for node in children(parent):
            if node.tag == "label":
                labels.append(node)
            elif node.tag not in ("input", "script", "style"):
                bodies.append(node)
        if len(labels) != len(bodies):
            holder = bodies[0] if len(bodies) == 1 else next(after(parent), None) if not bodies else None
            bodies = list(children(holder)) if holder is not None else []
        if len(labels) == len(bodies):
            for label, body in zip(labels, bodies, strict=True):
                _label(body, collapsed(label) or (label.attributes.get("data-title") or ""))
                label.remove()


def _label(body: LexborNode, label: str) -> None:
    """Open a body with its label, and show it."""
    for name in ("hidden", "style", "aria-hidden"):
        if name in body.attributes:
            del body.attrs[name]
    first = body.child
    if first is None or not label or (first.is_element_node and LABEL in classes(first)):
        return
    paragraph = create_tag("p")
    paragraph.attrs["class"] = LABEL
    paragraph.inner_html = html.escape(label[:_LONGEST_LABEL])
    # A listing cannot hold a paragraph: its label stands before it.
    (body if body.tag == "pre" else first).insert_before(paragraph)
