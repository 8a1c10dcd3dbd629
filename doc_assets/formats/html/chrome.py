"""What of a page is its content, and what is the site around it.

HTML's landmarks decide first: ``main``, an element's place in or outside of it, ``nav``, hidden elements, links with
the relation ``prev`` or ``next``. Asides, sidebars, headers and breadcrumbs are names that content has as well: they go
where they only lead elsewhere. Labels of buttons and lines such as "Edit this page" are known by their words, each only
as a whole paragraph at the edge of the content.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from doc_assets.document import Block
from doc_assets.errors import DocumentSkipped
from doc_assets.formats.html.tabs import is_panel
from doc_assets.formats.html.tree import below, children, classes, collapsed
from doc_assets.formats.parts import Anchor, Heading, Part

# The first match with a word in it is the content; without one, the body.
_ROOTS = (
    "main", "div[role=main]", "[role=main]", "article", "div.document div.body", "div.body", "div.contents",
    ".manual-page", ".maincontent", "#main-content", "#content-area", "#content",
)  # fmt: skip
_CHROME = ", ".join(
    (
        "nav, form, dialog, [role=navigation], [role=search], [role=contentinfo], [role=banner], [role=dialog]",
        "[role=doc-pageheader], [role=doc-pagefooter], [role=doc-toc], .head-ltitle, .head-vol, .head-rtitle",
        ".foot-date, .foot-os, .foot-left, .foot-right, .paneljump, pre > .headline",
        "a[rel~=prev], a[rel~=next], a[rel~=edit], .mw-editsection, .mw-jump-link, .printfooter, #catlinks, #siteSub",
        ".sphinxsidebar, .sidebar-wrapper, #side-nav, #nav-path, #titlearea, #main-nav, #MSearchBox, #top > .tabs",
        # Sections may be called "toc" or "search": only other elements are removed by id.
        ".toc, #TOC, #tocDiv, ul#toc, div#toc:not(.section), .table-of-contents, .contents.local, div.contents.topic",
        "#dw__toc, .docInfo, .pageId, .theme-doc-version-badge, .eyebrow",
        ".page-metadata, .md-source-file, .VPDocFooter, .vp-doc-footer, .page-meta, .page-edit",
        ".search, #searchbox, .skip-link, .skip-main-content, .nav-wrapper, .mobile-nav-chapters, .pagination",
        ".copybtn, .copy-button, .clipboard, .edit-page-link, .edit-this-page, .edit-link",
        ".sectnum, .section-number",  # Sphinx's numbers, which change when a section is added elsewhere
        ".toctree-wrapper .toctree-l2",  # the headings of other pages
        ".onlyprint, .print-only, #jb-print-docs-body, .d-none.d-print-block",
        ".visually-hidden, .visuallyhidden, .sr-only, .screen-reader-text, .screen-reader-only, .a11y-hidden",
        ".sd-hide-link-text, .language-selection, summary > .expanded",
    )
)
# Closed tabs and elements that a browser's search opens are text as well.
_HIDDEN = '[hidden]:not([hidden=until-found]), [style*="display:none"], [style*="display: none"]'
_SHRUNK = '[style*="font-size:0"], [style*="font-size: 0"], [style*="left:-"], [style*="left: -"]'
_UNSEEN = re.compile(r"font-size:\s?0(?:px|pt|em|rem|%)?\s*(?:;|!|$)|(?:^|[;\s])left:\s?-\d{4,}")
# Content has these names too: they go if they only lead elsewhere.
_SUSPECTS = ", ".join(
    (
        'aside, menu, [class*="sidebar" i], [class*="breadcrumb" i], [id*="breadcrumb" i], [class*="nav" i]',
        '[class*="footer" i], [class*="pagination" i], [id*="pagination" i]',
        '[class*="prev-next" i], [class*="related" i], .dropdown-menu',
    )
)
# Docusaurus calls each heading "anchorWithStickyNavbar".
_NEVER_SUSPECT = frozenset((
    "body", "main", "article", "section", "h1", "h2", "h3", "h4", "h5", "h6", "code", "kbd", "em", "strong", "th", "td",
    "tr",
))  # fmt: skip
_KEPT_NAMES = frozenset(("footnote", "footnote-list", "topic", "admonition", "sidebar-title"))
_NOTE = re.compile(
    r"(?:^|[-_])(?:note|tip|hint|admonition|callout|alert|info|warning|caution|danger|important)(?:$|[-_])"
)
_SCOPES = frozenset(("article", "section", "main", "aside", "blockquote", "figure"))  # a header in them is theirs
_HEADING_BUTTONS = "h1 button, h2 button, h3 button, h4 button, h5 button, h6 button"
_SIGNS = "¶#§🔗◆∞⚓❡⛓※☍\u200b\xa0"
_SOURCE_LINK = re.compile(
    r"\[\s*(?:source|src|edit|docs|view source|edit source|edit on \w+|source code|link|permalink)\s*\]", re.IGNORECASE
)
_EDIT = re.compile(r"(?:quick )?edit(?: source| section)?|bearbeiten|modifier|editar|править", re.IGNORECASE)
_EDIT_TARGET = re.compile(r"/(?:edit|_edit|blame)/|[?&](?:action|do)=edit|/-/edit/|/issues/new\b|/_sources/")
_NAMED_LINK = re.compile(
    r"\W{0,2}(?:direct |copy )?link\b|\W{0,2}permalink|anchor\b|section titled\b|heading self-link", re.IGNORECASE
)
_TO_TOP = re.compile(r"#(?:top\w*|_top|page-?top|header)?")
_DATE = r".{0,40}?(?:\d{4}|\d{1,2}[./-]\d{1,2}|\bago|yesterday|today).{0,60}"
# As a whole paragraph, anywhere.
_LABEL = re.compile(
    r"copy(?: link| code| to clipboard)?|copied!?|show code cell (?:source|output|content)"
    r"|(?:skip|jump|scroll) to (?:the )?(?:main )?(?:content|navigation"
    r"|search|top)|(?:back|return) to (?:the )?top\W*|go to top"
    r"|\W*(?:edit|improve|view|show) (?:this )?page(?: source)?(?: (?:on|in) [\w. ]{2,20})?"
    r"|edit (?:on|in) (?:git\w+|bitbucket|codeberg)|view (?:page )?source(?: on \w+)?"
    r"|suggest (?:an )?edits?|was this (?:page )?helpful\?(?:\W*yes\W*no)?",
    re.IGNORECASE,
)
# As a whole paragraph, before or after all others.
_REMARK = re.compile(
    r"(?:was|is|did|do|does)\b[\w ]{0,30}\b(?:page|article|section|content|document(?:ation)?|info(?:rmation)?|guide|"
    r"topic|this)\b[\w ]{0,20}\b(?:help(?:ful)?|useful|what you need(?:ed)?|solve your (?:issue|problem)"
    r"|answer your questions?)\b[\w ]{0,12}\?.{0,60}"
    r"|(?:how helpful|rate) (?:was |is )?this (?:page|article)\??|yes(?:\W*no)?|no"
    r"|(?:glad to hear it|sorry to hear that|thank you!)[!.]?.{0,90}|thank(?:s| you) for (?:your|the) feedback.{0,240}"
    r"|(?:update|print) (?:this |the )?(?:page|doc(?:ument)?|entire section)(?: (?:on|in|at|with) [\w. ]{2,20})?"
    r"|edit (?:on|in|via) [\w. ]{3,20}|view on [\w. ]{3,20}|suggest changes|propose (?:a )?changes?"
    r"|(?:raise|report|open|create) (?:an |a )?(?:documentation |project |doc |page )?(?:issue|bug|problem)"
    r"(?: (?:on|with) [\w ]{3,30})?|create child page|(?:help us )?improve this (?:page|doc\w*)"
    rf"|(?:this )?(?:page|article|document)? ?(?:was )?(?:last|recently) (?:updated?|modified|edited|changed|built|"
    rf"published|reviewed|revised|generated)\b{_DATE}|last[- ]modified:?{_DATE}"
    r"|updated (?:(?:about|over|almost|less than) )?(?:an?|\d+) (?:\w+ )?\w+ ago"
    r"|\W*(?:previous|prev|next|up|home)(?: (?:page|article|topic|chapter|section|post))?\W*"
    r"|(?:on|in) this (?:page|article|section)|table of contents|contents|toc"
    r"|(?:copyright )?© .{0,120}"
    r"|document generated by confluence on .{0,40}|this page was generated by .{0,60}",
    re.IGNORECASE,
)
_FEEDBACK = re.compile(r"feedback|.{0,40}\bhelpful\b.{0,40}|page info\w*", re.IGNORECASE)
_LONGEST_BOILERPLATE = 300  # characters


def content_root(tree: LexborHTMLParser) -> LexborNode:
    """Return the element that holds the page's content.

    Raises:
        DocumentSkipped: There is no body.
    """
    body = tree.body
    for selector in _ROOTS:
        found = tree.css(selector)
        # Several articles are a list: only together are they the page.
        if len(found) == 1 and re.search(r"\w", found[0].text()):
            return found[0]
    if body is None:
        raise DocumentSkipped("no text in the document")
    return body


def drop_chrome(root: LexborNode) -> None:
    """Remove what is not content below the root, and links without a word from headings."""
    for node in below(root, _CHROME):
        node.remove()
    shown: dict[int, set[str]] = {}
    for node in below(root, _HIDDEN):
        if not is_panel(node) and not _is_alternative(node, shown):
            node.remove()
    for node in below(root, _SHRUNK):
        if _UNSEEN.search(node.attributes.get("style") or ""):
            node.remove()
    size = len(root.text())
    budget = 4 * size  # characters judged: suspects nested in one another do not make this quadratic
    for node in below(root, _SUSPECTS):
        if node.tag in _NEVER_SUSPECT or budget < 0:
            continue
        own = len(node.text())
        budget -= own
        if own * 2 < size and _leads_elsewhere(node):  # an index of links is content, whatever its name
            node.remove()
    for node in below(root, "header, footer"):
        if _is_of_the_site(node):
            node.remove()
    _drop_link_signs(root)
    _drop_own_contents(root)


def _is_alternative(node: LexborNode, shown: dict[int, set[str]]) -> bool:
    """Return whether a hidden element is one of several that a script shows in turn: one beside it is shown.

    Args:
        node: A hidden element.
        shown: First classes of the elements that are shown, by parent: filled here.
    """
    names, parent = classes(node), node.parent
    if not names or parent is None:
        return False
    if parent.mem_id not in shown:
        shown[parent.mem_id] = {
            named[0] for child in children(parent) if (named := classes(child)) and not child.css_matches(_HIDDEN)
        }
    return names[0] in shown[parent.mem_id]


def _leads_elsewhere(node: LexborNode) -> bool:
    """Return whether an element is navigation by its content: little else than links, headings and buttons."""
    names = classes(node)
    if not _KEPT_NAMES.isdisjoint(names) or node.attributes.get("role") == "note" or any(map(_NOTE.search, names)):
        return False
    if node.css_first("pre, .admonition-title") is not None:
        return False
    if node.css_first("p, li, div, dd, td") is None and len(node.text().split()) < 4:
        return True  # a label, not a note
    total = _words(node.text())
    beside = [one for one in below(node, "h1, h2, h3, h4, h5, h6, summary") if one.css_first("a[href]") is None]
    links = below(node, "a[href], button")
    linked = sum(_words(one.text()) for one in [*links, *beside])
    if len(links) == 1 and not beside and linked < total:
        return False  # a sentence around a link
    return linked * 2 > total or total == 0


def _words(text: str) -> int:
    return len(re.sub(r"\W+", "", text)) if len(text) < 20_000 else len(text)


def _is_of_the_site(node: LexborNode) -> bool:
    """Return whether a header or footer is the site's: outside of every part of the page, or only buttons and links."""
    quoted = node.parent
    if node.tag == "footer":
        return quoted is None or quoted.tag not in ("blockquote", "figure")
    if node.css_first("h1") is not None:
        return False
    while quoted is not None:
        if quoted.tag in _SCOPES or quoted.attributes.get("role") in ("main", "article"):
            return node.css_first("h2, h3, h4, h5, h6, p") is None and _leads_elsewhere(node)
        quoted = quoted.parent
    return True


def _drop_link_signs(root: LexborNode) -> None:
    """Remove links that show a sign for "link to here", and links to the source or to an editor beside a name."""
    sizes: dict[int, int] = {}
    for button in below(root, _HEADING_BUTTONS):
        heading = _heading_around(button)
        if heading is not None and _is_beside(button.text(), heading, sizes):
            button.remove()
    for link in below(root, "a[href]"):
        text = link.text()
        if len(text) > 60 or not text.strip():
            continue
        target = link.attributes.get("href") or ""
        if _SOURCE_LINK.fullmatch(text.strip()):
            link.remove()
        elif "#" in target and not re.search(r"\w", text):
            heading = _heading_around(link)
            if all(sign in _SIGNS or "\ue000" <= sign <= "\uf8ff" for sign in text.strip()) or (
                heading is not None and _is_beside(text, heading, sizes)
            ):
                _drop_anchor(link, heading)
        elif (heading := _heading_around(link)) is not None and _is_beside(text, heading, sizes):
            edits = _EDIT_TARGET.search(target) is not None
            if ((edits or _EDIT.fullmatch(text.strip())) and _drop_brackets_around(link)) or edits:
                link.remove()
            elif target.startswith("#") and (_TO_TOP.fullmatch(target) or _NAMED_LINK.match(text.strip())):
                _drop_anchor(link, heading)


def _heading_around(node: LexborNode) -> LexborNode | None:
    parent = node.parent
    for _ in range(4):
        if parent is None or parent.tag in ("h1", "h2", "h3", "h4", "h5", "h6", "dt"):
            return parent
        parent = parent.parent
    return None


def _is_beside(words: str, heading: LexborNode, sizes: dict[int, int]) -> bool:
    """Return whether a heading has words beside those of a link.

    Args:
        words: The link's.
        heading: The heading around it.
        sizes: Letters and digits of each heading so far: filled here, so that a heading is read once.
    """
    if heading.mem_id not in sizes:
        sizes[heading.mem_id] = _words(heading.text())
    return sizes[heading.mem_id] > _words(words)


def _drop_anchor(link: LexborNode, heading: LexborNode | None) -> None:
    """Remove a link; the heading takes over the id that it carried."""
    if heading is not None and link.id and not heading.id:
        heading.attrs["id"] = link.id
    link.remove()


def _drop_brackets_around(link: LexborNode) -> bool:
    """Remove the bracket on either side of a link "edit", and return whether there was one."""
    before, following = link.prev, link.next
    if before is None or following is None or not before.is_text_node or not following.is_text_node:
        return False
    left, right = before.text_content or "", following.text_content or ""
    if left.rstrip().endswith("[") and right.lstrip().startswith("]"):
        before.replace_with(left.rstrip()[:-1])
        following.replace_with(right.lstrip()[1:])
        return True
    return False


def _drop_own_contents(root: LexborNode) -> None:
    """Remove lists of links to this page's headings: its table of contents, wherever it stands."""
    headed: set[str] | None = None
    for listing in below(root, "ul, ol, p"):
        if _is_nested(listing):
            continue
        first = listing.css_first("a[href]")
        if first is None or not (first.attributes.get("href") or "").startswith("#"):
            continue
        links = below(listing, "a[href]")
        if len(links) < 3 or sum(_words(link.text()) for link in links) < _words(listing.text()):
            continue
        if headed is None:
            headed = _headed(root)
        if all(_target(link) in headed for link in links):
            listing.remove()
    # groff's: links and line breaks in the body itself
    run = [node for node in children(root) if node.tag == "a" and _target(node)]
    if len(run) >= 3:
        headed = _headed(root) if headed is None else headed
        for link in run:
            if _target(link) in headed:
                link.remove()


def _target(link: LexborNode) -> str:
    """Return the fragment of a link within the page; "" for any other link."""
    target = link.attributes.get("href") or ""
    return target[1:] if target.startswith("#") else ""


def _is_nested(listing: LexborNode) -> bool:
    parent = listing.parent
    for _ in range(6):
        if parent is None:
            return False
        if parent.tag in ("li", "ul", "ol"):
            return True
        parent = parent.parent
    return False


def _headed(root: LexborNode) -> set[str]:
    """Return the ids that open a heading: its own, one inside it, or that of the element around or before it."""
    found: set[str] = set()
    for heading in below(root, "h1, h2, h3, h4, h5, h6"):
        inside = heading.css_first("[id], a[name]")
        for node in (heading, inside, heading.parent, heading.prev):
            if node is not None and node.is_element_node:
                found.add(node.id or node.attributes.get("name") or "")
    found.discard("")
    return found


def page_heading(tree: LexborHTMLParser, root: LexborNode, page_title: str) -> str:
    """Return the title that stands above the content (Asciidoctor, Doxygen, Confluence); "" if the content has one.

    It is the page's only if its words open or close the page's ``<title>``: a site's name stands above a page as well.
    """
    own = root.css_first("h1") is not None
    for node in tree.css(".headertitle .title" if own else "h1, .headertitle .title, #title-text"):
        text = collapsed(node)
        if not text or len(text) > 200:
            continue
        if page_title.startswith(text) or page_title.endswith(f": {text}"):
            return text
        if page_title.endswith(")") and text.startswith(page_title):  # git-add(1) Manual Page
            return text
    return ""


def beside_content(tree: LexborHTMLParser, root: LexborNode) -> tuple[list[LexborNode], list[LexborNode]]:
    """Return what Asciidoctor writes before and after the element of the content: a manual's NAME, the footnotes."""
    first = [tree.css_first(selector) for selector in ("#header > h2", "#header > .sectionbody", "#footnotes")]
    name, sentence, notes = (node if node is not None and not _is_inside(node, root) else None for node in first)
    return [node for node in (name, sentence) if node is not None], [notes] if notes is not None else []


def _is_inside(node: LexborNode, root: LexborNode) -> bool:
    inside: LexborNode | None = node
    while inside is not None:
        if inside.mem_id == root.mem_id:
            return True
        inside = inside.parent
    return False


def drop_boilerplate(parts: list[Part]) -> list[Part]:
    """Return the parts without labels of the site, and without its remarks before and after all other paragraphs.

    A heading goes with them if it announces them ("On this page", "Feedback").
    """
    last = len(parts)
    while last and _says(parts[last - 1], _REMARK):
        last -= 1
    if 0 < last < len(parts) and isinstance(heading := parts[last - 1], Heading) and _FEEDBACK.fullmatch(heading.text):
        last -= 1
    kept: list[Part] = []
    opened = False
    for i, part in enumerate(parts[:last]):
        if isinstance(part, Heading):
            alone = i + 1 >= last or isinstance(parts[i + 1], Heading)
            if alone and _says(part, _REMARK):
                continue
        elif isinstance(part, Block):
            if _says(part, _LABEL) or (not opened and _says(part, _REMARK)):
                continue
            opened = True
        kept.append(part)
    return kept


def _says(part: Part, lines: re.Pattern[str]) -> bool:
    """Return whether all lines of a part are of the kind; a listing or a table never is."""
    if isinstance(part, Anchor) or len(part.text) > _LONGEST_BOILERPLATE:
        return False
    if isinstance(part, Block) and part.kind not in ("prose", "list"):
        return False
    words = [line.strip(" \t-*|·•.:") for line in part.text.split("\n")]
    if isinstance(part, Block) and part.kind == "list" and len(words) < 2:
        return False
    return any(words) and all(not line or lines.fullmatch(line) or _LABEL.fullmatch(line) for line in words)
