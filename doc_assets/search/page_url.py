"""The address of a chunk in a browser: from the document's metadata (``url``), or its path by the site's rule.

Pure functions; the rule of a source is in the catalogue (``pages``).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, urlsplit

from doc_assets.document import JsonValue
from doc_assets.document.site import Site
from doc_assets.formats import slugs

_SOURCES = re.compile(r"\.(?:md|mdx|markdown|qmd|rmd|rst|ipynb|adoc|txt|html?)$", re.IGNORECASE)
_DATA = re.compile(r"\.(?:ya?ml|json)$", re.IGNORECASE)  # no page of a site, and no fragment opens a part of it
_INDEX = frozenset({"index", "_index", "readme"})
_NUMBERED = re.compile(r"^\d+\s*[-_.]\s*(?=\D)")
# Where front matter states the whole path: Gatsby, Jekyll and Eleventy, Hugo (a standard field that is no address
# is kept aside). On pages of a repository it would be another site's path.
_STATED: Mapping[str, tuple[str, ...]] = {
    "as_is": ("path", "permalink"),
    "hugo": ("front_matter.url",),
    "docusaurus": ("permalink",),
    "pretty": ("path", "permalink", "slug", "front_matter.url"),
}
_SITE_PATH = re.compile(r"/(?!/)[^\s:?#<>\"\\{}]*")
_REPOSITORY = re.compile(r"/(?:-/)?(?:blob|tree|raw|src)/")
# What may stand in a fragment unescaped (RFC 3986), and "%" for those that are escaped already.
_IN_FRAGMENT = "!$&'()*+,;=:@/?%"


def address(
    site: Site, path: str, metadata: Mapping[str, JsonValue], anchor: str = "", heading_path: Sequence[str] = ()
) -> str | None:
    """Return the address of a chunk in a browser; None if that is not known.

    The address in the metadata comes first, unless it is that of another version of the document. ``anchor`` is the
    fragment of the chunk's section as its format gave it, without ``#``.
    """
    page = _own(metadata) or _by_rule(site, path, metadata)
    if page is None:
        return None
    if _DATA.search(page):
        return page
    if site.pages == "manual" and len(heading_path) > 1:  # man7.org has no anchors for parts of a section
        anchor = slugs.manual(heading_path[0])
    fragment = _fragment(site.pages, anchor, heading_path[-1] if heading_path else "")
    return f"{page}#{quote(fragment, safe=_IN_FRAGMENT)}" if fragment else page


def _own(metadata: Mapping[str, JsonValue]) -> str | None:
    stated = metadata.get("url")
    if not isinstance(stated, str) or urlsplit(stated).scheme not in ("http", "https"):
        return None
    # Pages of old and coming versions state the address of the current one, for search engines.
    named = re.findall(r"(?<=/)v?(\d+(?:\.\d+)+)(?=/|$)", stated)
    version = metadata.get("version")
    return None if named and isinstance(version, str) and version not in named else stated.split("#")[0]


def _by_rule(site: Site, path: str, metadata: Mapping[str, JsonValue]) -> str | None:
    if not site.base_url:
        return None
    if stated := _stated(site, metadata):
        return site.base_url.rstrip("/") + quote(stated, safe="/%")
    if site.strip:
        folder = site.strip.strip("/") + "/"
        if not path.startswith(folder):
            return None
        path = path.removeprefix(folder)
    if site.pages not in ("as_is", "rustdoc") and _DATA.search(path):
        return None
    page = _RULES[site.pages](path, metadata)
    return None if page is None else site.base_url.rstrip("/") + "/" + quote(page)


def _stated(site: Site, metadata: Mapping[str, JsonValue]) -> str:
    """Return the path on the site that the page's front matter gives it, with its slash; "" without one."""
    keys = () if _REPOSITORY.search(site.base_url or "") else _STATED.get(site.pages, ())
    for value in (metadata.get(key) for key in keys):
        if isinstance(value, str) and _SITE_PATH.fullmatch(value):
            return value
    return ""


def _as_is(path: str, metadata: Mapping[str, JsonValue]) -> str:
    return path


def _mdbook(path: str, metadata: Mapping[str, JsonValue]) -> str:
    folder, name = _split(path)
    return folder + ("index" if name.lower() == "readme" else name) + ".html" if _SOURCES.search(path) else path


def _sphinx(path: str, metadata: Mapping[str, JsonValue]) -> str:
    return _SOURCES.sub(".html", path)


def _mkdocs(path: str, metadata: Mapping[str, JsonValue]) -> str:
    if metadata.get("use_directory_urls") is False:
        return _mkdocs_html(path, metadata)
    folder, name = _split(path)
    return folder if name.lower() in ("index", "readme") else f"{folder}{name}/"


def _mkdocs_html(path: str, metadata: Mapping[str, JsonValue]) -> str:
    folder, name = _split(path)
    return folder + ("index" if name.lower() == "readme" else name) + ".html"


def _hugo(path: str, metadata: Mapping[str, JsonValue]) -> str:
    folder, name = _split(path)
    named = metadata.get("slug")
    if name.lower() in ("index", "_index"):
        page = folder
    else:
        page = f"{folder}{named if isinstance(named, str) and named else name}/"
    return page.lower().replace(" ", "-")


def _docusaurus(path: str, metadata: Mapping[str, JsonValue]) -> str | None:
    folder, name = _split("/".join(_NUMBERED.sub("", part) for part in path.split("/")))
    named, own = metadata.get("slug"), metadata.get("id")
    if isinstance(named, str) and named:
        page = posixpath.normpath(posixpath.join("/", folder, named)).lstrip("/")
        return page + "/" if page and named.endswith("/") else page
    if isinstance(own, str) and own and name.lower() not in ("index", "readme"):
        name = own
    same_as_folder = name.lower() == folder.rstrip("/").rpartition("/")[2].lower() and folder
    return folder.rstrip("/") if name.lower() in ("index", "readme") or same_as_folder else folder + name


def _vitepress(path: str, metadata: Mapping[str, JsonValue]) -> str:
    folder, name = _split(path)
    return folder if name.lower() in _INDEX else f"{folder}{name}.html"


def _pretty(path: str, metadata: Mapping[str, JsonValue]) -> str:
    """Return the path without suffix, index pages as their folder, and without the ``(groups)`` of some frameworks."""
    folder, name = _split("/".join(part for part in path.split("/") if not re.fullmatch(r"\([^)]*\)", part)))
    return folder.rstrip("/") if name.lower() in _INDEX else folder + name


def _rustdoc(path: str, metadata: Mapping[str, JsonValue]) -> str | None:
    """Return an HTML file's path, or the path that rustdoc gives an item that was read from JSON."""
    if not path.lower().endswith(".json"):
        return path
    kind, item = metadata.get("item_kind"), metadata.get("item_path")
    if not isinstance(kind, str) or not isinstance(item, str) or not re.fullmatch(r"(?:r#)?\w+(?:::(?:r#)?\w+)*", item):
        return None
    *folders, name = (part.removeprefix("r#") for part in item.split("::"))
    if kind in ("mod", "crate"):
        return "/".join([*folders, name, "index.html"])
    return "/".join([*folders, f"{kind}.{name}.html"]) if folders and kind in _RUSTDOC_FILES else None


def _manual(path: str, metadata: Mapping[str, JsonValue]) -> str:
    """Return the path as man7.org has it: ``man8/tc.8.html``."""
    return re.sub(r"\.(?:gz|in)$", "", path) + ".html"


_RUSTDOC_FILES = frozenset(
    {"struct", "enum", "union", "trait", "traitalias", "fn", "macro", "derive", "attr", "type", "constant", "static"}
    | {"primitive", "keyword"}
)
_RULES: Mapping[str, Callable[[str, Mapping[str, JsonValue]], str | None]] = {
    "as_is": _as_is,
    "mdbook": _mdbook,
    "sphinx": _sphinx,
    "mkdocs": _mkdocs,
    "mkdocs_html": _mkdocs_html,
    "hugo": _hugo,
    "docusaurus": _docusaurus,
    "vitepress": _vitepress,
    "pretty": _pretty,
    "rustdoc": _rustdoc,
    "manual": _manual,
}


def _split(path: str) -> tuple[str, str]:
    """Return the folder with its closing slash ("" at the top), and the name without the suffix of a source file."""
    folder, slash, name = path.rpartition("/")
    return folder + slash, _SOURCES.sub("", name)


def _fragment(pages: str, anchor: str, heading: str) -> str:
    """Return the fragment as the site makes it; formats give GitHub's, which most share, or that of the book.

    An anchor that is not made from the heading's words was written by the author, and is the same on every site.
    """
    rule = _SLUGS.get(pages)
    made = slugs.github(heading)
    repeated = re.fullmatch(re.escape(made) + r"(?:-(\d+))?", anchor) if made and rule else None
    if rule is None or repeated is None:
        return anchor
    fragment = rule(heading)
    if pages == "sphinx" or not repeated[1] or not fragment:
        # docutils numbers repeated ids over the whole page ("id3"): the first one is near enough.
        return fragment
    return f"{fragment}{'_' if rule is slugs.python_markdown else '-'}{repeated[1]}"


_SLUGS: Mapping[str, slugs.Slug] = {
    "sphinx": slugs.docutils,
    "mkdocs": slugs.python_markdown,
    "mkdocs_html": slugs.python_markdown,
    "hugo": slugs.hugo,
    "vitepress": slugs.vitepress,
}
