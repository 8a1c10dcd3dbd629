"""The pace of earlier loads is that of this machine in this embedding space."""

from __future__ import annotations

from doc_assets.ingest.loader import Loader
from doc_assets.store.database.connection import Store
from doc_assets.store.history.rates import load_rates
from doc_assets_tests.support.loading import SmallSource, load, loader_for, settings_for


def test_tokens_and_seconds_of_the_loads_that_embedded_here_are_summed(tmp_path, store: Store):
    source, loader = SmallSource(tmp_path / "source"), _loader(tmp_path, store)
    source.write_guides(3)
    first = load(loader, store, source)
    source.write("more.md", "# More\n\nWords that no other page has.\n")
    second = load(loader, store, source)
    with store.connect() as connection:
        found = load_rates(connection, loader.space.fingerprint)
        assert (found.loads, found.tokens) == (2, first.tokens_embedded + second.tokens_embedded)
        assert found.embed_seconds > 0 and found.files == 3 + 4
        assert load_rates(connection, loader.space.fingerprint, host="another").loads == 0
        assert load_rates(connection, "another space").loads == 0


def _loader(tmp_path, store: Store) -> Loader:
    return loader_for(settings_for(tmp_path, store), store)[0]
