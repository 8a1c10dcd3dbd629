"""Elements of HTML that stand for other text: raised and lowered text, marks of footnotes, formulas, images, keys.

Each is replaced in the tree by what it reads as, so that headings, cells and paragraphs agree. The rule for raised text
is the one of all formats, in ``superscripts``.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

from selectolax.lexbor import LexborNode

from doc_assets.formats.html.tree import after, below, classes, collapsed
from doc_assets.formats.markdown.raw_html import alt_text
from doc_assets.formats.superscripts import leads_back_from_note, refers_to_note, subscript, superscript

# What a script has drawn from a formula that stands beside it.
_DRAWN = (
    ".katex-html, .MJX_Assistive_MathML + .MathJax, .MathJax_Preview, .MathJax_Display, .MathJax, .MathJax_SVG, "
    ".MathJax_CHTML, mjx-math"
)
REPLACED_TAGS = ("sup", "sub", "math", "img", "script", "mjx-container", "input", "a")
_FORMULA_NAMES = re.compile(
    r"(?:^|[\s_/.-])(?:math\w*|formula\w*|latex|tex|eqn?|equation|katex)(?:$|[\s_/.?-])", re.IGNORECASE
)
_FORMULA = re.compile(
    r"\$.+\$|\\\(.+\\\)|\\\[.+\\\]|\{?\\(?:displaystyle|textstyle)\b.+|\\[A-Za-z]+(?:[\s{_^\\].*)?",
    re.DOTALL,
)
_DISPLAYED = re.compile(r"\{\\(?:displaystyle|textstyle)\b(.*)\}", re.DOTALL)
_LONGEST_FORMULA = 4_000  # characters
_DECORATION = re.compile(r"\b(?:logo|logotype|icon|avatar|badge|illustration|banner|photo of .*)\W*\Z", re.IGNORECASE)
_DECORATIVE_FILE = re.compile(
    r"(?:^|[/_.-])(?:logo|icon|avatar|favicon|badge)s?(?:[_.-][^/]*|/[^/]*)?\Z", re.IGNORECASE
)
_IMAGE_FILE = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|avif)(?:[?#]|\Z)", re.IGNORECASE)
_TEX = 'annotation[encoding="application/x-tex"], annotation[encoding="TeX"], annotation[encoding="LaTeX"]'
# A cheap test of a link's words: at most a few letters beside signs and digits, or a way back.
_MAY_BE_MARK = re.compile(
    r"[\W\d_]*[a-z]{0,5}[\W\d_]*|\[[^\[\]]{1,40}\]|\W*(?:back|return|jump)\b.{0,30}", re.IGNORECASE
)
_PARAGRAPHS = frozenset((
    "p", "li", "td", "th", "div", "dd", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "figcaption", "body",
    "section", "article", "main", "br", "aside", "pre", "caption", "summary", "ul", "ol", "table", "hr",
))  # fmt: skip
_NESTED = "sup sup, sup sub, sub sup, sub sub"
_LAYOUTS = "msup, msub, msubsup, mfrac, msqrt, mroot, munder, mover, munderover"
_MOST_STEPS = 8  # elements behind one another that are searched for the text in front of a superscript


def write_replaced(root: LexborNode, tags: Container[str]) -> None:
    """Replace the elements below a root by their text.

    Args:
        root: Any element.
        tags: Those of ``REPLACED_TAGS`` that it holds.
    """
    if any(tag in tags for tag in ("math", "script", "mjx-container", "img")):
        _write_formulas(root)
    if "img" in tags:
        _write_images(root)
    if "span" in tags:
        _write_classifiers(root)
    if "input" in tags:
        _write_ticks(root)
    if "a" in tags:
        _drop_marks_of_notes(root)
    if "sup" in tags or "sub" in tags:
        _write_raised(root)


def _write_classifiers(root: LexborNode) -> None:
    """Write the type behind a term of docutils in brackets, as in RST: "size (int)"."""
    for node in below(root, "dt > .classifier-delimiter"):
        node.remove()
    for node in below(root, "dt > .classifier"):
        node.replace_with(f" ({collapsed(node)})")


def _write_ticks(root: LexborNode) -> None:
    """Write the state of the items of a task list as in Markdown."""
    for box in below(root, "input[type=checkbox]"):
        parent = box.parent
        for _ in range(2):
            if parent is not None and parent.tag in ("label", "p"):
                parent = parent.parent
        if parent is not None and parent.tag == "li":
            box.replace_with("[x] " if "checked" in box.attributes else "[ ] ")
        else:
            box.replace_with(" ")  # a switch, as in front of notes in the margin


def _write_formulas(root: LexborNode) -> None:
    """Write each formula once, as its author's TeX where the page has that."""
    for node in below(root, 'script[type^="math/tex"]'):
        node.replace_with(f" {node.text().strip()} ")
    for node in below(root, "mjx-math[data-latex]"):
        node.replace_with(f" {node.attributes.get('data-latex') or ''} ")
    for node in below(root, _DRAWN):
        node.remove()
    for node in below(root, "math"):
        tex = node.css_first(_TEX)
        stated = collapsed(tex) if tex is not None else (node.attributes.get("alttext") or "").strip()
        if not stated:
            _write_mathml(node)
            stated = collapsed(node.css_first("annotation") or node)
        node.replace_with(f" {_plain(stated)} ")
    for node in below(root, "mjx-container"):
        node.replace_with(f" {collapsed(node)} ")


def _plain(formula: str) -> str:
    """Return a formula without the wrapper that MediaWiki puts around each."""
    wrapped = _DISPLAYED.fullmatch(formula)
    return wrapped[1].strip() if wrapped else formula


def _write_mathml(formula: LexborNode) -> None:
    """Write powers, indexes, roots and fractions of a formula without TeX, the innermost first."""
    for node in reversed(below(formula, _LAYOUTS)):
        tag, parts = node.tag or "", [collapsed(child) for child in node.iter() if child.is_element_node]
        if tag == "msqrt":
            node.replace_with(f"√{_bracketed(collapsed(node))}")
        elif tag == "mfrac" and len(parts) == 2:
            node.replace_with(f"{_bracketed(parts[0])}/{_bracketed(parts[1])}")
        elif tag == "mroot" and len(parts) == 2:
            node.replace_with(f"root({parts[0]}, {parts[1]})")
        elif len(parts) == (3 if tag in ("msubsup", "munderover") else 2):
            lowered = "" if tag in ("msup", "mover") else subscript(parts[0], parts[1])
            raised = "" if tag in ("msub", "munder") else superscript(parts[0], parts[-1])
            node.replace_with(f"{parts[0]}{lowered}{raised}")


def _bracketed(term: str) -> str:
    return term if re.fullmatch(r"[\w.]+|\(.*\)", term) else f"({term})"


def _write_images(root: LexborNode) -> None:
    """Write the words that stand for an image, unless they repeat its caption or the image is decoration."""
    captions: dict[int, str] = {}
    for node in below(root, "img"):
        values = node.attributes
        alt = values.get("alt") or ""
        source = values.get("src") or ""
        if "callouts/" in source and alt.isdecimal():  # Asciidoctor's marks of lines in a listing
            node.replace_with(f"({alt})")
            continue
        names = f"{values.get('class') or ''} {source[:200]}"
        if _is_formula(alt, names):
            node.replace_with(f" {_plain(' '.join(alt.split()))} ")
        elif values.get("aria-hidden") == "true" or values.get("role") in ("presentation", "none") or _is_small(values):
            continue
        elif (words := alt_text(alt, source)) and not _is_decoration(words, source) and not _is_button(node):
            node.replace_with("" if words.rstrip(".") in _caption(node, captions) else f" {words} ")


def _is_decoration(words: str, source: str) -> bool:
    """Return whether an image's words or its file's name say that it is a logo, an icon or the like."""
    return _DECORATION.search(words) is not None or _DECORATIVE_FILE.search(source[-200:]) is not None


def _is_small(values: Mapping[str, str | None]) -> bool:
    """Return whether an image has the stated size of an icon: 64 pixels or less."""
    return any(
        re.fullmatch(r"\d{1,2}(?:px)?", size := values.get(key) or "") and int(size.removesuffix("px")) <= 64
        for key in ("width", "height")
    )


def _is_button(image: LexborNode) -> bool:
    """Return whether an image is all of a link that does not show it larger: a badge, a logo, a button."""
    link = image.parent
    if link is not None and link.tag in ("picture", "span"):
        link = link.parent
    if link is None or link.tag != "a" or re.search(r"\w", link.text()):
        return False
    return _IMAGE_FILE.search(link.attributes.get("href") or "") is None


def _is_formula(alt: str, names: str) -> bool:
    """Return whether an image's words are TeX: by its names, or by commands beside braces or indexes."""
    if len(alt) > _LONGEST_FORMULA or _IMAGE_FILE.search(alt):
        return False
    if _FORMULA_NAMES.search(names) or _FORMULA.fullmatch(alt.strip()):
        return True
    return "\\" in alt and re.search(r"\\[A-Za-z]{2}", alt) is not None and re.search(r"[{_^]", alt) is not None


def _caption(image: LexborNode, captions: dict[int, str]) -> str:
    """Return the caption of the figure around an image, "" if there is none.

    Args:
        image: The image.
        captions: Those found so far, by figure: filled here.
    """
    parent = image.parent
    for _ in range(3):
        if parent is None:
            return ""
        if parent.tag == "figure":
            if parent.mem_id not in captions:
                caption = parent.css_first("figcaption")
                captions[parent.mem_id] = collapsed(caption) if caption is not None else ""
            return captions[parent.mem_id]
        parent = parent.parent
    return ""


def _drop_marks_of_notes(root: LexborNode) -> None:
    """Remove references to notes and the links from notes back to them."""
    for node in below(root, ".backrefs, .mw-cite-backlink"):
        node.remove()
    for label in below(root, ".citation > .label"):
        entry = next((node for node in after(label) if node.tag == "p"), None)
        if entry is not None and entry.child is not None:
            entry.child.insert_before(f"{collapsed(label)} ")
            label.remove()
    for link in below(root, 'a[href*="#"]'):
        text = link.text()
        if len(text) > 60 or not _MAY_BE_MARK.fullmatch(text):
            continue
        values = link.attributes
        parent = link.parent
        outer = parent if parent is not None and parent.tag in ("sup", "span") else None
        names = frozenset((*classes(link), *(classes(outer) if outer is not None else ()), values.get("role") or ""))
        target = values.get("href") or ""
        raised = (outer is not None and outer.tag == "sup") or link.css_first("sup") is not None
        if leads_back_from_note(text, target, names) or _opens_note(link, text, names):
            _drop_label(link)
        elif refers_to_note(text, target, names, raised=raised):
            _drop_reference(link)


def _opens_note(link: LexborNode, text: str, names: frozenset[str]) -> bool:
    """Return whether a link is the number in front of a note, which leads back (Sphinx, Asciidoctor)."""
    if not re.fullmatch(r"\W*\d{1,4}\W*", text):
        return False
    if "doc-backlink" in names or "fn-backref" in names:
        return True
    parent = link.parent
    if parent is None or parent.tag in ("sup", "span", "a") or "footnote" not in classes(parent):
        return False
    return (link.attributes.get("href") or "").startswith("#")


def _drop_label(link: LexborNode) -> None:
    """Remove a link back, and the number, brackets and full stop that belong to it."""
    parent = link.parent
    following = link.next
    if (
        parent is not None
        and "label" in classes(parent)
        and not re.search(r"\w", parent.text().replace(link.text(), ""))
    ):
        parent.remove()
        return
    first = link.prev is None or (link.prev.is_text_node and not (link.prev.text_content or "").strip())
    if first and following is not None and following.is_text_node:
        following.replace_with(re.sub(r"\A[.)\]:]+\s*", "", following.text_content or ""))
    link.remove()


def _drop_reference(link: LexborNode) -> None:
    """Remove a reference, the raised element that holds only such, and the blank in front of it, which RST needs."""
    node = link
    parent = link.parent
    if parent is not None and parent.tag == "sup":
        link.remove()
        if re.search(r"[^\W_]", parent.text()):
            return
        node = parent
    before, following = node.prev, node.next
    text = before.text_content or "" if before is not None and before.is_text_node else ""
    after = following.text_content or "" if following is not None and following.is_text_node else ""
    if before is not None and text[-1:].isspace() and after.startswith(tuple(".,;:!?)")):
        before.replace_with(text.rstrip())
    node.remove()


def _write_raised(root: LexborNode) -> None:
    """Replace raised and lowered text by what it reads as behind the text in front of it."""
    for node in below(root, "sup.footnote-definition-label"):  # mdBook's, beside the note
        node.remove()
    for node in reversed(below(root, _NESTED)):
        before = _before(node)
        node.replace_with(superscript(before, node.text()) if node.tag == "sup" else subscript(before, node.text()))
    nodes = [(node, node.text()) for node in below(root, "sup, sub")]
    found = [(node, text) for node, text in nodes if len(text) <= 40]
    notes = {text.strip() for node, text in found if node.tag == "sup" and not _before(node)}
    for node, text in found:
        before = _before(node)
        node.replace_with(superscript(before, text, notes) if node.tag == "sup" else subscript(before, text))


def _before(node: LexborNode) -> str:
    """Return the end of the text in front of a node in the same paragraph; "" at its start."""
    steps = _MOST_STEPS
    while True:
        previous = node.prev
        while previous is not None and steps:
            steps -= 1
            text = _end_of(previous)
            if text is None:
                return ""
            if text:
                return text
            previous = previous.prev
        parent = node.parent
        if parent is None or not steps or (parent.tag or "") in _PARAGRAPHS:
            return ""
        node = parent
        steps -= 1


def _end_of(node: LexborNode) -> str | None:
    """Return the last text in a node, "" if it has none; None if it ends the paragraph."""
    for _ in range(_MOST_STEPS):
        if node.is_text_node:
            return (node.text_content or "")[-40:]
        if not node.is_element_node:
            return ""
        if (node.tag or "") in _PARAGRAPHS:
            return None
        last = node.last_child
        if last is None:
            return ""
        node = last
    return ""
