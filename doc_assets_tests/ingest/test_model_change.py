"""Another embedding model for what is stored: filled beside the live one, then live everywhere at once, and back."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from doc_assets.embedding import model_lookup
from doc_assets.embedding.model_lookup import SpaceModels
from doc_assets.embedding.opening import open_tokenizers
from doc_assets.embedding.prompts import Role
from doc_assets.embedding.space import EmbeddingSpace, describe_space, model_folder
from doc_assets.errors import AuditFailed, EmbeddingError, PartitionLocked, Refused, StoreError
from doc_assets.ingest import model_change
from doc_assets.ingest.model_change import ModelChange
from doc_assets.runtime.progress import Progress
from doc_assets.search.search import search
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets.store.history import history
from doc_assets.store.schema.opening import open_store
from doc_assets.store.spaces import spaces
from doc_assets.store.versions import listing
from doc_assets.validation.audit import audit
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.databases import name_of, new_database
from doc_assets_tests.support.loading import Model, SmallSource, guide, load, loader_for, settings_for

SOURCES = ("guides", "notes")
DATABASE = "DOC_ASSETS_DATABASE_URL"


class Library(SmallSource):
    """Two sources of one type, so that a switch has two partitions to move."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, SOURCES[0])
        (folder / SOURCES[1]).mkdir()
        entry = "      - {{name: {0}, kind: directory, location: {0}}}\n"
        self.catalogue_path.write_text(
            "types:\n  best_practices:\n    sources:\n" + "".join(entry.format(name) for name in SOURCES)
        )
        self.number = 0

    @property
    def partition(self):
        return self.catalogue.find_partition(f"best_practices/{SOURCES[self.number]}")

    def add(self, number: int, page: int) -> None:
        self.write(f"../{SOURCES[number]}/guide-{page:02d}.md", guide(page))

    def load_all(self, loader, store: Store) -> None:
        for self.number in range(len(SOURCES)):
            load(loader, store, self)


@pytest.fixture
def settings(tmp_path, store) -> Settings:
    return settings_for(tmp_path, store)


@pytest.fixture
def loader(settings, store):
    return loader_for(settings, store)[0]


@pytest.fixture(scope="module")
def loaded_url(server_url: str, tmp_path_factory) -> Iterator[str]:
    """A database in which the pages of ``library`` are live, to be copied for each test."""
    with new_database(server_url) as url, open_store(Settings.from_environment({DATABASE: url})) as store:
        folder = tmp_path_factory.mktemp("loaded")
        with closing(loader_for(settings_for(folder, store), store)[0]) as loader:
            filled(folder / "source").load_all(loader, store)
        yield url


@pytest.fixture
def library(tmp_path) -> Library:
    """18 pages with a chunk each in two partitions, live in the space of the default model."""
    return filled(tmp_path / "source")


@pytest.fixture
def store(server_url: str, loaded_url: str) -> Iterator[Store]:
    """A store of its own that holds ``library``."""
    with new_database(server_url, template=name_of(loaded_url)) as url:
        yield Store(url)


def filled(folder: Path) -> Library:
    made = Library(folder)
    for page in range(18):
        made.add(page % 2, page)
    return made


@pytest.fixture
def model(settings) -> Model:
    """Cuts and counts like the default model, and is another one in all else."""
    space = dataclasses.replace(describe_space(settings), name="other", weights_sha256="0" * 64, dimensions=16)
    return Model(space, open_tokenizers(settings))


def change_to(store: Store, model: Model, **options) -> ModelChange:
    return ModelChange(store, model.space, lambda: model, **options)


def no_model():
    raise AssertionError("nothing was to be embedded")


def one(store: Store, query: str, *parameters) -> Any:
    with store.connect() as connection:
        row = connection.execute(query, parameters).fetchone()  # pyrefly: ignore[bad-argument-type]
    assert row is not None
    return row[0] if len(row) == 1 else row


def live(store: Store) -> dict[str, int]:
    with store.connect() as connection:
        return dict(listing.live_partitions(connection))


def live_models(store: Store) -> list[EmbeddingSpace]:
    with store.connect() as connection:
        return spaces.live_models(connection)


def require_sound(store: Store) -> None:
    for snapshot_id in live(store).values():
        assert [check for check in audit(store, snapshot_id) if not check.passed] == []


def test_everything_changes_over_without_its_sources_and_back_without_a_model(library, store, settings, model):
    before = live(store)
    shutil.rmtree(library.folder)
    done = change_to(store, model).run()
    assert (done.partitions, done.embedded, done.audited) == (2, 18, 2)
    assert live_models(store) == [model.space]
    assert sorted(model.texts) == sorted(set(model.texts))
    assert model.roles == {Role.DOCUMENT}
    require_sound(store)
    there = live(store)
    assert not set(there.values()) & set(before.values())

    back = ModelChange(store, describe_space(settings), no_model).run()
    assert (back.partitions, back.embedded, back.audited) == (2, 0, 0)
    assert live(store) == before
    again = ModelChange(store, model.space, no_model).run()
    assert (again.partitions, live(store)) == (2, there)
    require_sound(store)
    assert ModelChange(store, model.space, no_model).run().partitions == 0


def test_the_switch_stands_in_the_history_under_one_run_at_one_moment(library, store, model):
    before = live(store)
    done = change_to(store, model).run()
    rows = [row for row in history.history(store) if row.action == "space"]
    assert {row.partition: (row.from_snapshot, row.to_snapshot) for row in rows} == {
        name: (before[name], to) for name, to in live(store).items()
    }
    assert {(row.result, row.run_id) for row in rows} == {("published", done.run_id)}
    assert len({row.at for row in rows}) == 1


def test_the_manifests_are_the_same_and_the_recipe_names_the_new_space(library, store, settings, model):
    before = live(store)["best_practices/guides"]
    change_to(store, model).run()
    after = live(store)["best_practices/guides"]
    for table in ("snapshot_file", "snapshot_document"):
        rows = f"SELECT to_jsonb(t) - 'snapshot_id' FROM {table} t WHERE snapshot_id = %s"
        assert one(store, f"SELECT count(*) FROM (({rows}) EXCEPT ({rows})) d", before, after) == 0
        assert one(store, f"SELECT count(*) FROM (({rows}) EXCEPT ({rows})) d", after, before) == 0
    recipe = "SELECT recipe FROM snapshot WHERE id = %s"
    old, new = describe_space(settings).fingerprint, model.space.fingerprint
    assert one(store, recipe, after) == one(store, recipe, before).replace(old, new)


def test_readers_see_one_space_and_all_of_its_vectors_whenever_they_look(library, store, settings, model):
    looked, over = [], threading.Event()

    def look() -> None:
        with store.connect() as connection:
            while not over.is_set():
                with connection.transaction():
                    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    seen = connection.execute(
                        "SELECT DISTINCT s.space_id, count(*) OVER () FROM partition p"
                        " JOIN snapshot s ON s.id = p.published_snapshot_id GROUP BY 1"
                    ).fetchall()
                    missing = connection.execute(
                        f"SELECT count(*) FROM live_chunk l LEFT JOIN embedding_{seen[0][0]} e USING (chunk_id)"
                        " WHERE e.chunk_id IS NULL"
                    ).fetchone()
                looked.append((*(row[0] for row in seen), missing))

    reader = threading.Thread(target=look)
    reader.start()
    change_to(store, model).run()
    ModelChange(store, describe_space(settings), no_model).run()
    change_to(store, model).run()
    over.set()
    reader.join()
    assert set(looked) <= {(1, (0,)), (2, (0,))}
    assert len(set(looked)) == 2


KILLED = """
import dataclasses, os, signal, sys
from doc_assets.ingest import model_change
from doc_assets.embedding.space import describe_space
from doc_assets.settings import Settings
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.loading import Model

settings = Settings.from_environment()
space = dataclasses.replace(describe_space(settings), name="other", weights_sha256="0" * 64, dimensions=16)
model = Model(space, None)
model.before = lambda call: os.kill(os.getpid(), signal.SIGKILL) if call == 4 else None
model_change.BATCH_CHUNKS = 4
model_change.ModelChange(Store(sys.argv[1]), space, lambda: model).run()
"""


def test_a_killed_change_goes_on_with_what_it_had_committed(library, store, settings, model, monkeypatch):
    before = live(store)
    environment = {**os.environ, "DOC_ASSETS_HOME": str(settings.home), "PYTHONPATH": str(ROOT)}
    died = subprocess.run([sys.executable, "-c", KILLED, store.url], env=environment, timeout=120)
    assert died.returncode == -signal.SIGKILL
    held = one(store, "SELECT count(*) FROM embedding_2")
    assert held in (4, 8, 12)  # of three batches, one may be queued and one being written
    assert live(store) == before
    with store.connect() as connection:  # returns when PostgreSQL has noticed that its client is gone
        connection.execute("SELECT pg_advisory_lock(%s, 2), pg_advisory_unlock(%s, 2)", (spaces.SPACE_CLASS,) * 2)
    done = change_to(store, model).run()
    assert (done.embedded, done.partitions) == (18 - held, 2)
    require_sound(store)


def test_a_cut_connection_costs_at_most_the_batches_in_flight(library, store, model, monkeypatch):
    monkeypatch.setattr(model_change, "BATCH_CHUNKS", 4)

    def cut(call: int) -> None:
        if call == 3:
            one(store, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE"
                       " 'doc-assets migrate --space, %%ing'")  # fmt: skip

    model.before = cut
    assert change_to(store, model).run().partitions == 2
    assert 18 <= len(model.texts) <= 18 + 12
    require_sound(store)


def test_what_becomes_live_meanwhile_is_embedded_before_the_switch(library, store, loader, model):
    def publish_more(call: int) -> None:
        if call == 1:
            library.add(1, 40)
            library.number = 1
            load(loader, store, library)

    model.before = publish_more
    done = change_to(store, model).run()
    assert (done.embedded, done.partitions) == (19, 2)
    assert "guide-40.md" in {row.path for row in listing.manifest(store, "best_practices/notes")}
    require_sound(store)


def test_a_load_that_runs_is_waited_for_and_what_it_publishes_is_switched(library, store, loader, model):
    library.add(0, 41)
    library.number = 0
    staged = loader.stage(loader.survey(library.partition, library.catalogue), run_id=None)
    said = []

    def hear(sentence: str) -> None:
        said.append(sentence)
        if sentence.startswith("waiting"):
            staged.publish([])

    change_to(store, model, on_step=hear).run()
    assert any("best_practices/guides is being worked on" in sentence for sentence in said)
    assert "guide-41.md" in {row.path for row in listing.manifest(store, "best_practices/guides")}
    require_sound(store)


def test_a_load_of_the_old_space_that_ends_after_the_switch_is_refused(library, store, loader, model):
    library.add(0, 42)
    library.number = 0
    with loader.stage(loader.survey(library.partition, library.catalogue), run_id=None) as staged:
        # Its connection is cut, and with it the lock that the switch would wait for.
        with store.connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name LIKE %s",
                ("doc-assets load%",),
            )
        change_to(store, model).run()
        there = live(store)
        with pytest.raises(Refused, match=r"live is embedded with other \(.*migrate --space"):
            staged.publish([])
    assert live(store) == there


@pytest.mark.parametrize("cut_by", [{"tokenizer_digest": "narrow"}, {"reading": "another"}])
def test_chunks_over_the_new_window_refuse_the_change_before_any_is_embedded(library, store, settings, cut_by):
    tokenizers = open_tokenizers(settings)
    tokenizers.document.max_tokens = 40
    space = dataclasses.replace(describe_space(settings), name="narrow", max_tokens=40, **cut_by)
    model, before = Model(space, tokenizers), live(store)
    long, longest = one(store, "SELECT count(*) FILTER (WHERE token_count > 40), max(token_count) FROM chunk")
    with pytest.raises(Refused, match=rf"{long} of 18 .* 40 tokens .* longest has {longest}.*own"):
        change_to(store, model).run()
    with pytest.raises(Refused, match=f"nothing was embedded; {'keep' if 'reading' in cut_by else 'load'}"):
        change_to(store, model).plan()
    assert (model.calls, live(store)) == (0, before)
    assert one(store, "SELECT count(*) FROM embedding_space") == 1


def test_a_failed_audit_in_the_new_space_leaves_everything_as_it_was(library, store, model):
    before, model.length = live(store), 3.0
    with pytest.raises(AuditFailed, match=r"unit_norm.*nothing was switched"):
        change_to(store, model).run()
    assert live(store) == before
    rejected = [row for row in history.history(store) if row.action == "space"]
    assert {row.result for row in rejected} == {"rejected"} and all(
        "unit_norm" in (row.error or "") for row in rejected
    )


def test_rows_that_were_tampered_with_are_not_vouched_for_by_a_copy(library, store, model):
    before = live(store)
    with store.connect() as connection:
        connection.execute(
            "UPDATE snapshot_file SET fingerprint = sha256(fingerprint) WHERE (snapshot_id, path) ="
            " (SELECT snapshot_id, path FROM snapshot_file ORDER BY 1, 2 LIMIT 1)"
        )
    with pytest.raises(StoreError, match="best_practices/guides does not give the digest"):
        change_to(store, model).run()
    assert live(store) == before


def test_a_space_is_filled_by_one_program_at_a_time(library, store, model):
    def start_another(call: int) -> None:
        with pytest.raises(PartitionLocked, match="embedding space 2 is being filled"):
            ModelChange(store, model.space, no_model).run()

    model.before = start_another
    assert change_to(store, model).run().partitions == 2
    assert model.calls == 1


def test_a_plan_counts_and_times_and_writes_nothing(library, store, model):
    plan = change_to(store, model).plan()
    assert (plan.chunks, plan.tokens) == one(store, "SELECT count(*), sum(token_count) FROM chunk")
    assert plan.seconds is not None and plan.seconds > 0
    assert one(store, "SELECT count(*) FROM embedding_space") == 1


def test_progress_reaches_the_whole(library, store, model, monkeypatch):
    monkeypatch.setattr(model_change, "BATCH_CHUNKS", 5)
    told: list[Progress] = []
    change_to(store, model, on_progress=told.append).run()
    assert [state.embedded for state in told] == [5, 10, 15, 18]
    assert told[-1].share == 1.0 and told[0].tokens_per_second > 0


def test_nothing_live_is_said_so(store, model):
    with store.connect() as connection:
        connection.execute("UPDATE partition SET published_snapshot_id = NULL")
    with pytest.raises(Refused, match="nothing is live here yet"):
        change_to(store, model).run()


@pytest.fixture
def other_folder(tmp_path, settings) -> Callable[[str, int], Settings]:
    """The default model under another name, with another window: real folders, so that settings describe them."""

    def make(name: str, window: int) -> Settings:
        folder = tmp_path / name
        shutil.copytree(model_folder(settings), folder, copy_function=os.symlink)
        (folder / "sentence_bert_config.json").unlink()
        (folder / "sentence_bert_config.json").write_text(f'{{"max_seq_length": {window}}}')
        return dataclasses.replace(settings, embedding_model=str(folder))

    return make


def changed_to(settings: Settings, store: Store) -> Model:
    model = Model(describe_space(settings), open_tokenizers(settings))
    change_to(store, model).run()
    return model


def test_a_load_with_the_new_model_finds_nothing_changed_where_it_cuts_alike(library, store, other_folder):
    settings = other_folder("twin", 256)
    changed_to(settings, store)
    loader, _ = loader_for(settings, store)
    for library.number in range(2):
        assert loader.survey(library.partition, library.catalogue).unchanged is not None


def test_a_load_with_the_new_model_cuts_anew_where_its_window_differs(library, store, other_folder):
    settings = other_folder("half", 200)
    changed_to(settings, store)
    recipes = [one(store, "SELECT recipe FROM snapshot WHERE id = %s", id_) for id_ in live(store).values()]
    assert all('"chunked_for"' in recipe for recipe in recipes)
    loader, embedder = loader_for(settings, store)
    assert loader.survey(library.partition, library.catalogue).unchanged is None
    library.load_all(loader, store)
    assert embedder.texts == []  # these short pages are cut alike, and a chunk is embedded once
    assert "chunked_for" not in one(store, "SELECT recipe FROM snapshot ORDER BY id DESC LIMIT 1")
    require_sound(store)


def test_a_load_with_the_old_model_is_refused_before_it_begins(library, store, loader, model):
    change_to(store, model).run()
    library.add(0, 43)
    library.number = 0
    with pytest.raises(Refused, match=r"live is embedded with other .*migrate --space"):
        loader.stage(loader.survey(library.partition, library.catalogue), run_id=None)


def test_search_uses_the_model_of_what_is_live_whatever_is_set(library, store, settings, other_folder, monkeypatch):
    opened = []

    def open_made_up(wanted: Settings, **_: object) -> Model:
        opened.append(wanted.embedding_model)
        return Model(describe_space(wanted), open_tokenizers(wanted))

    monkeypatch.setattr(model_lookup, "open_embedder", open_made_up)
    twin = other_folder("twin", 256)
    changed_to(twin, store)
    asked = "Guide 3\n\nHow subject3 behaves under load3, and why."
    assert search(store, SpaceModels(twin), asked, mode="vector")
    with pytest.raises(EmbeddingError, match="folder twin"):
        search(store, SpaceModels(settings), asked, mode="vector")
    both = SpaceModels(twin)
    assert search(store, both, asked, mode="vector")
    ModelChange(store, describe_space(settings), no_model).run()
    assert search(store, both, asked, mode="vector")  # the same object follows the switch
    assert search(store, both, asked, mode="vector")
    assert opened == [twin.embedding_model, twin.embedding_model, settings.embedding_model]


def test_every_column_of_a_manifest_is_copied(store):
    """A column that a revision adds must be added to what the switch copies."""
    from doc_assets.store.versions import space_switch

    copied = {
        "snapshot": set(space_switch._FACTS.split(", ")),
        "snapshot_file": set(space_switch._FILE.split(", ")),
        "snapshot_document": set(space_switch._DOCUMENT.split(", ")),
    }
    made_anew = {
        *("id", "snapshot_id", "partition_id", "parent_id", "status", "recipe", "space_id", "run_id", "digest", "seal"),
        *("lease", "created_at", "sealed_at", "published_at", "file_hashes", "document_hashes"),
    }
    with store.connect() as connection:
        for table, columns in copied.items():
            found = connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                (f"doc_assets.{table}",),
            ).fetchall()
            assert {name for (name,) in found} - columns <= made_anew, table
