"""Fetches an index and its pages, and lays them out as a tree that later fetches leave as it is."""

from __future__ import annotations

import hashlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from doc_assets.catalogue.model import LlmsTxtSource
from doc_assets.errors import SourceError, SourceUnavailable
from doc_assets.formats.navigation.llms_index import is_page_of_html
from doc_assets.formats.navigation.llms_order import FILE, order_file
from doc_assets.formats.navigation.place import Place
from doc_assets.formats.registry import claimed_suffixes
from doc_assets.runtime import shutdown
from doc_assets.sources.cache import Cache, cache_key
from doc_assets.sources.cache_quota import CacheQuota
from doc_assets.sources.fetch_options import FetchOptions
from doc_assets.sources.files import Fetched, SourceFile
from doc_assets.sources.llms_txt.addresses import Paths, Reach, shown_address, with_suffix
from doc_assets.sources.llms_txt.asking import AT_ONCE, Asker, PageAbsent, PageFailed
from doc_assets.sources.llms_txt.kept import KeptPage, KeptPages
from doc_assets.sources.llms_txt.listing import Listing, WantedPage, listing_of, possible_paths

_NAMED = 3  # pages in a warning


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """What an index says before any page is asked for; ``address`` is where it was found, after redirects."""

    address: str
    listing: Listing


def list_llms_txt(source: LlmsTxtSource, options: FetchOptions) -> IndexFacts:
    """Read the index alone.

    Raises:
        SourceError: It cannot be fetched, is no llms.txt, or lists no pages or more than ``max_pages``.
    """
    with Asker(source, options) as asker:
        address, body = _index(asker, None)
    return IndexFacts(address, _listed(source, asker, body, address))


def fetch_llms_txt(source: LlmsTxtSource, cache: Cache, options: FetchOptions) -> Fetched:
    """Ask for the index and each of its pages, and return them as a tree with paths from their addresses.

    Pages that the server confirms are not sent again. One that fails keeps its earlier copy; without one it is listed
    as rejected, and one that the server does not have as skipped.

    Raises:
        SourceUnavailable: The index or many pages got no answer; what was fetched is not asked for again.
        SourceError: The index cannot be fetched or is none, none of its pages can be fetched, or a limit is exceeded.
        CacheQuotaExceeded: It does not fit.
    """
    store = cache.root / "llms_txt" / f"{cache_key('pages', source.location, source.name)}.pages"
    with cache.locked(store), Asker(source, options) as asker:
        return cache.retried_when_full(lambda: _Fetching(source, cache, store, asker).run())


def _index(asker: Asker, kept: KeptPages | None) -> tuple[str, bytes]:
    """Return the address and the bytes of the index."""
    page = kept.get(asker.index) if kept else None
    try:
        answer = asker.ask(asker.index, page.etag, page.modified) if page else asker.ask(asker.index)
    except PageAbsent as error:
        raise SourceError(f"{asker.where}: {error}: mend location") from None
    except PageFailed as error:
        wrong = SourceUnavailable if error.may_pass else SourceError
        raise wrong(f"{asker.where}: {error}") from None
    if answer.body is None:
        if kept is None or page is None:
            raise SourceError(
                f"{asker.where}: the server confirms a copy that was not asked about: report it to the site"
            )
        return answer.address, kept.read(asker.index)
    if kept is not None:
        kept.keep(asker.index, answer, answer.body)
    return answer.address, answer.body


def _listed(source: LlmsTxtSource, asker: Asker, body: bytes, address: str) -> Listing:
    text = body.decode("utf-8-sig", "replace")
    if is_page_of_html(text):
        raise SourceError(f"{asker.where} is a page of HTML and no llms.txt: mend location")
    listing = listing_of(text, address, source)
    if (count := len(listing.wanted)) > source.max_pages:
        raise SourceError(
            f"{asker.where} lists {count:,} pages, more than {source.max_pages:,}: name fewer by include or exclude, "
            "or raise max_pages of the source"
        )
    if not listing.wanted and not listing_of(text, address, _all_of(source)).wanted:
        raise SourceError(f"{asker.where} lists no pages of {source.origin}: mend 'location', or name further 'hosts'")
    return listing


def _all_of(source: LlmsTxtSource) -> LlmsTxtSource:
    return source.model_copy(update={"include": ("**/*",), "exclude": (), "optional": True})


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a page: its copy, or an outcome with the reason; both if an earlier copy stands in."""

    page: KeptPage | None
    outcome: Literal["skipped", "rejected"] | None = None
    reason: str = ""


@dataclass
class _Fetching:
    """One fetch, under the lock of its copies."""

    source: LlmsTxtSource
    cache: Cache
    store: Path
    asker: Asker
    bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> Fetched:
        self.kept = KeptPages(self.store)
        self.quota = CacheQuota(self.cache, (self.store,))
        address, index = _index(self.asker, self.kept)
        listing = _listed(self.source, self.asker, index, address)
        digest = hashlib.sha256(index).hexdigest()
        started = self.kept.begin_round(digest, shared=self.source.shards > 1)
        found = self._ask_all(listing.wanted, started)
        if listing.wanted and not any(outcome.page for outcome in found.values()):
            # Loaded so, the source would lose all its documents.
            raise SourceError(
                f"{self.asker.where}: none of the {len(listing.wanted):,} pages that it lists could be fetched: "
                f"{_named(list(listing.wanted), found)}: mend location, include or credentials, or wait for the site"
            )
        self.kept.drop_all_but([self.asker.index, *(page.address for page in listing.wanted)])
        fetched = self._lay_out(listing, found)
        self.kept.end_round(digest, started)
        return replace(fetched, warnings=tuple(self._warnings(listing.wanted, found)))

    def _ask_all(self, wanted: tuple[WantedPage, ...], started: float) -> dict[str, _Outcome]:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pages") as pool:
            futures = {page.address: pool.submit(self._ask, page.address, started) for page in wanted}
            try:
                return {address: future.result() for address, future in futures.items()}
            except BaseException:
                self.asker.stop()
                for future in futures.values():
                    future.cancel()
                raise

    def _ask(self, address: str, started: float) -> _Outcome:
        page = self.kept.get(address)
        if page is not None and page.asked >= started:
            return self._counted(page)
        try:
            answer = self.asker.ask(address, page.etag, page.modified) if page else self.asker.ask(address)
        except PageAbsent as error:
            return _Outcome(None, "skipped", str(error))
        except PageFailed as error:
            return replace(self._counted(page), outcome="rejected", reason=str(error))
        if answer.body is None and page is not None:
            return self._counted(self.kept.confirm(address, page))
        body = answer.body or b""
        self._reserve(len(body))
        return _Outcome(self.kept.keep(address, answer, body))

    def _counted(self, page: KeptPage | None) -> _Outcome:
        if page is not None:
            self._reserve(page.size)
        return _Outcome(page)

    def _reserve(self, size: int) -> None:
        with self._lock:
            self.bytes += size
            if self.bytes > self.source.max_download_bytes:
                raise SourceError(
                    f"{self.asker.where}: its pages have more than {self.source.max_download_bytes:,} bytes together: "
                    "name fewer by include or exclude, or raise max_download_bytes of the source"
                )
            self.quota.reserve(size)

    def _lay_out(self, listing: Listing, found: dict[str, _Outcome]) -> Fetched:
        reach, paths = Reach(self.source), Paths()
        known = claimed_suffixes() if self.source.format == "auto" else None
        copies: list[tuple[str, str, KeptPage]] = []
        places: list[tuple[str, Place]] = []
        left: list[tuple[str, Literal["skipped", "rejected"], str]] = []
        for wanted in listing.wanted:
            outcome = found[wanted.address]
            page = outcome.page
            if page is None:
                path = paths.add(possible_paths(wanted.path)[0], wanted.address)
                left.append((path, outcome.outcome or "rejected", outcome.reason))
                continue
            path = with_suffix(wanted.path, page.kind, self.kept.read(wanted.address)[:8_000], known)
            if path is None:
                path = paths.add(wanted.path, wanted.address)
                left.append((path, "skipped", f"no format reads {page.kind or 'what the server sends'}"))
                continue
            path = paths.add(path, wanted.address)
            copies.append((path, wanted.address, page))
            url = shown_address(wanted.address, reach) if self.source.base_url is None else ""
            places.append((path, Place(parents=wanted.listed.parents, title=wanted.listed.title, url=url)))
        left += [(paths.add(path, address), "skipped", reason) for path, address, reason in listing.left]
        order = order_file(places)
        rows = [(path, page.digest) for path, _, page in copies]
        revision = hashlib.sha256(json.dumps([hashlib.sha256(order).hexdigest(), rows]).encode()).hexdigest()
        target = self.cache.root / "llms_txt" / cache_key("tree", self.source.location, revision)

        def fill(partial: Path) -> None:
            quota = CacheQuota(self.cache, (self.store, target), self.quota.taken)
            tree = partial / "tree"
            tree.mkdir()
            for path, address, page in copies:
                shutdown.raise_if_requested()
                quota.reserve(page.size)
                file = tree / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(self.kept.read(address))
            (tree / FILE).write_bytes(order)

        lease = self.cache.make_once(target, fill)
        tree = target / "tree"
        left_out = tuple(SourceFile(path, tree / path, 0, outcome, reason) for path, outcome, reason in left)
        return Fetched(root=tree, revision=f"sha256:{revision}", left_out=left_out, lease=lease)

    def _warnings(self, wanted: tuple[WantedPage, ...], found: dict[str, _Outcome]) -> list[str]:
        failed = [page for page in wanted if found[page.address].outcome == "rejected"]
        absent = [page for page in wanted if found[page.address].outcome == "skipped"]
        warnings = []
        if failed:
            kept = sum(found[page.address].page is not None for page in failed)
            warnings.append(
                f"{len(failed):,} of {len(wanted):,} pages could not be fetched, {kept:,} of which are loaded as they "
                f"were fetched before: {_named(failed, found)}"
            )
        if absent:
            warnings.append(f"{len(absent):,} of {len(wanted):,} listed pages are not there: {_named(absent, found)}")
        return warnings


def _named(pages: list[WantedPage], found: dict[str, _Outcome]) -> str:
    named = "; ".join(f"{page.path} ({found[page.address].reason})" for page in pages[:_NAMED])
    return f"{named}; and {len(pages) - _NAMED:,} more" if len(pages) > _NAMED else named
