"""Which links of an index are pages of the source, in order, and why the others are none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from doc_assets.catalogue.globs import Selection
from doc_assets.catalogue.model import LlmsTxtSource
from doc_assets.formats.navigation.llms_index import ListedPage, listed_pages
from doc_assets.sources.llms_txt.addresses import MARKDOWN, Reach, absolute, host_of, no_page, path_of, split_suffix


@dataclass(frozen=True, slots=True)
class WantedPage:
    """A page to ask for; ``path`` is the one in the source, but for the suffix, which the answer decides."""

    address: str
    path: str
    listed: ListedPage


@dataclass(frozen=True, slots=True)
class Listing:
    """The pages of an index that belong to the source, each once.

    Attributes:
        wanted: To be asked for, in order.
        left: Path, address and reason of those that are not asked for.
    """

    wanted: tuple[WantedPage, ...]
    left: tuple[tuple[str, str, str], ...]


def listing_of(text: str, base: str, source: LlmsTxtSource) -> Listing:
    """Return what the index at ``base`` lists, as far as ``include``, ``exclude`` and ``optional`` take it."""
    reach, selection = Reach(source), Selection(source.include, source.exclude)
    wanted: dict[str, WantedPage] = {}
    left: dict[str, tuple[str, str, str]] = {}
    for listed in listed_pages(text):
        address = absolute(base, listed.target)
        if address is None or address in wanted or address in left or (listed.optional and not source.optional):
            continue
        path = path_of(address, reach)
        if not any(map(selection.takes, possible_paths(path))):
            continue
        reason = no_page(address)
        if reason is None and not reach.allows(address):
            reason = f"on {host_of(address)}, which is not asked: 'hosts' of the source names further hosts"
        if reason is None:
            wanted[address] = WantedPage(address, path, listed)
        else:
            left[address] = path, address, reason
    markdown = {_without_suffix(address) for address in wanted if _is_markdown(address)}
    for address, page in list(wanted.items()):
        if not _is_markdown(address) and _without_suffix(address) in markdown:
            del wanted[address]
            left[address] = page.path, address, "the index lists this page as Markdown, too"
    return Listing(tuple(wanted.values()), tuple(left.values()))


def _is_markdown(address: str) -> bool:
    return split_suffix(address)[1].lower() in MARKDOWN


def _without_suffix(address: str) -> str:
    """Return what the addresses of a page and of its Markdown share: ``a``, ``a.html``, ``a.md``, ``a.html.md``."""
    stem = split_suffix(address)[0] if _is_markdown(address) else address
    return re.sub(r"(?:/index)?(?:\.html?)?/?$", "", stem)


def possible_paths(path: str) -> tuple[str, ...]:
    """Return the paths that a page can get, by what its server sends."""
    stem, suffix = split_suffix(path)
    if suffix.lower() in MARKDOWN:
        return path, f"{stem}.html"
    return (path, f"{path}.html", f"{path}.md") if suffix else (f"{path}.md", f"{path}.html")
