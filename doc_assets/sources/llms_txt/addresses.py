"""The addresses of an index: which of them are asked, and the paths that their pages get in the source.

Only hosts that the catalogue names are asked, by the same scheme as the index, whatever an index or a redirect says.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from doc_assets.catalogue.model import LlmsTxtSource
from doc_assets.formats.navigation.llms_index import is_page_of_html

MARKDOWN = frozenset((".md", ".mdx", ".markdown"))
_HTML = frozenset((".html", ".htm"))
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,8}$")
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\]")
_LONGEST_NAME, _LONGEST_PATH = 200, 1_500  # bytes; a file system takes names of 255, the manifest paths of 2,048
_PORTS = {"http": 80, "https": 443}
_BY_TYPE = {
    "application/json": ".json",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
    "text/x-yaml": ".yaml",
    "application/pdf": ".pdf",
    "text/x-rst": ".rst",
    "text/asciidoc": ".adoc",
}
_TEXTS = frozenset(("", "text/plain", "text/markdown", "text/x-markdown", "application/octet-stream"))


class Reach:
    """The hosts of a source: that of its index, and those of ``hosts``."""

    def __init__(self, source: LlmsTxtSource) -> None:
        """Take the source."""
        self._own = _origin(source.location)
        scheme = self._own[0] if self._own else ""
        self._others = {_origin(f"{scheme}://{host}") for host in source.hosts}

    def is_own(self, address: str) -> bool:
        """Return whether the address has the index's scheme, host and port."""
        return self._own is not None and _origin(address) == self._own

    def allows(self, address: str) -> bool:
        """Return whether the address may be asked."""
        origin = _origin(address)
        return origin is not None and (origin == self._own or origin in self._others)


def absolute(base: str, target: str) -> str | None:
    """Return the address of a link of the page at ``base``, without fragment; None if it is none of the web."""
    try:
        address = urldefrag(urljoin(base, target)).url
        parts = urlsplit(address)
        sound = parts.scheme in _PORTS and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return None
    return address if sound and address.isprintable() else None


def host_of(address: str) -> str:
    """Return the host of an address, with the port where it has one, for a message or a path."""
    return urlsplit(address).netloc.rpartition("@")[2].lower()


def path_of(address: str, reach: Reach) -> str:
    """Return the path that a page at the address would have: ``index`` for a folder, below its host if not the own."""
    parts = urlsplit(address)
    names = [_fit(unquote(name)) for name in parts.path.split("/") if name.strip(".")]
    if parts.path.endswith("/") or not names:
        names.append("index")
    if parts.query:
        stem, suffix = split_suffix(names[-1])
        names[-1] = f"{stem}~{_short(parts.query)}{suffix}"
    if not reach.is_own(address):
        names.insert(0, _fit(host_of(address)))
    path = "/".join(names)
    return path if len(path.encode()) <= _LONGEST_PATH else f"{_short(address)}/{names[-1]}"


def shown_address(address: str, reach: Reach) -> str:
    """Return the address of a page for readers: on the index's site without the ``.md`` that stands for Markdown.

    The proposal has it appended to the page's own address, and to that of a folder with ``index.html`` between.
    """
    parts = urlsplit(address)
    if not reach.is_own(address) or not parts.path.lower().endswith(".md"):
        return address
    path = parts.path[: -len(".md")]
    for index in ("/index", "/README", "/readme"):
        path = f"{path.removesuffix(index)}/" if path.endswith(index) else path
    return parts._replace(path=path).geturl()


def no_page(address: str) -> str | None:
    """Return why an address needs not be asked, since its name says that it is no page."""
    name = urlsplit(address).path.rpartition("/")[2].lower()
    if re.fullmatch(r"llms(?:-[\w-]{1,40})?\.txt", name):
        return "another index, or all pages in one file: an index can be a source of its own"
    kind = mimetypes.guess_type(name)[0] or ""
    if kind.partition("/")[0] in ("image", "audio", "video", "font") or name.endswith((".zip", ".gz", ".tgz", ".xz")):
        return f"no page but {kind or 'an archive'}"
    return None


def split_suffix(path: str) -> tuple[str, str]:
    """Return a path without its suffix, and the suffix as written; "" where the name has none."""
    found = _SUFFIX.search(path)
    return (path[: found.start()], found[0]) if found and found.start() > path.rfind("/") + 1 else (path, "")


def with_suffix(path: str, kind: str, head: bytes, known: frozenset[str] | None) -> str | None:
    """Return the path with the suffix by which formats read the page; None if none does.

    What the server sends counts, not the link: many answer a link to Markdown with HTML.

    Args:
        path: As ``path_of`` gives it.
        kind: Media type of the answer, lower case and without parameters.
        head: First bytes of the page.
        known: Suffixes that formats claim; None where the catalogue names the format, which then reads all.
    """
    stem, suffix = split_suffix(path)
    lower = suffix.lower()
    says_html = kind in ("text/html", "application/xhtml+xml")
    if says_html or kind in _TEXTS:
        looks_so = is_page_of_html(head.decode("utf-8", "replace"))
        if looks_so or (says_html and lower not in MARKDOWN):
            return path if lower in _HTML else f"{stem if lower in MARKDOWN else path}.html"
        if lower in _HTML:
            return f"{stem}.md"
        return path if lower in MARKDOWN or (lower and (known is None or lower in known)) else f"{path}.md"
    if lower and (known is None or lower in known):
        return path
    by_type = _BY_TYPE.get(kind, ".txt" if kind.startswith("text/") else "")
    return f"{path}{by_type}" if by_type and (known is None or by_type in known) else None


@dataclass
class Paths:
    """Gives each page a path of its own; that of the first stays as it is, and so do those of folders."""

    _files: set[str] = field(default_factory=set)
    _folders: set[str] = field(default_factory=set)

    def add(self, path: str, address: str) -> str:
        """Return the path, or one with a hash of the address in it if another page has it, or needs it as a folder."""
        above = _above(path)
        if path in self._files or path in self._folders or not self._files.isdisjoint(above):
            stem, suffix = split_suffix(path.rpartition("/")[2])
            path = f"~{_short(address, 16)}/{stem}{suffix}"
            above = _above(path)
        self._files.add(path)
        self._folders.update(above)
        return path


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


def _fit(name: str) -> str:
    """Return a part of a path as a name of a file: visible, and not longer than file systems take."""
    name = _UNFIT.sub("_", name)
    name = f"_{name}" if name.startswith(".") else name
    if len(name.encode("utf-8", "replace")) <= _LONGEST_NAME:
        return name.encode("utf-8", "replace").decode()
    stem, suffix = split_suffix(name)
    return f"{stem.encode('utf-8', 'replace')[:120].decode('utf-8', 'ignore')}~{_short(name)}{suffix}"


def _short(text: str, digits: int = 8) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:digits]


def _origin(address: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname:
        return None
    return scheme, parts.hostname.lower().rstrip("."), _PORTS[scheme] if port is None else port
