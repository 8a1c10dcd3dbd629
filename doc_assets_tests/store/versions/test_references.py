"""What readers saw at an earlier moment, and what any snapshot held, in a real PostgreSQL."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from doc_assets.cli.app import app
from doc_assets.errors import StoreError
from doc_assets.search.search import Passage, search, why_empty
from doc_assets.store.database.connection import Store
from doc_assets.store.search import vector_ranking
from doc_assets.store.snapshots import lifecycle, publication
from doc_assets.store.spaces import vector_index
from doc_assets.store.spaces.spaces import ensure_space
from doc_assets.store.versions import listing
from doc_assets.store.versions.details import describe
from doc_assets.store.versions.references import as_of, live_at, moment
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.library import Library, WordModel, page

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
MODES = ("text", "vector", "hybrid")
DOCS = ROOT / "docs"


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store, WordModel())


@pytest.fixture
def pages(library: Library) -> Library:
    """Two partitions whose pages share words, live."""
    library.publish(
        "rust/std", {f"n{i}.md": page(f"Note {i}", f"a thread waits for thread number{i}") for i in range(9)}
    )
    library.publish(
        "rust/std",
        {
            "mutex.md": page("Mutex", "a thread takes the lock", "the lock is fair to every thread"),
            "channel.md": page("Channel", "a thread sends to another thread"),
            "old.md": page("Old", "the lock of the past blocks a thread"),
        },
    )
    library.publish("ebpf/kernel", {"map.md": page("Map", "a map is shared by every thread and has a lock")})
    return library


def now(store: Store) -> datetime:
    """By the clock of the history."""
    with store.connect() as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    return row[0]


def change_everything(library: Library) -> None:
    """Changes, removes and adds pages with the same words, loads another partition, and looks at them once."""
    changed = {
        "mutex.md": page("Mutex", "a thread takes the lock in order", "the lock is fair to every thread"),
        "new.md": page("Lock", "lock thread lock thread lock"),
        **{f"more{i}.md": page(f"More {i}", f"every thread of {i} has a lock") for i in range(12)},
    }
    library.publish("rust/std", changed)
    library.publish("ebpf/other", {"lock.md": page("Locks", "a thread takes the lock and the map")})
    with library.store.connect() as connection:
        connection.execute("ANALYZE chunk")
    assert "rust/std/new.md" in library.find("lock")


def ask(library: Library, query: str, mode: str, **how: object) -> list[Passage]:
    return search(library.store, library.model, query, mode=mode, **how)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", NOW),
        ("yesterday", NOW - timedelta(days=1)),
        ("90s", NOW - timedelta(seconds=90)),
        ("15m", NOW - timedelta(minutes=15)),
        (" 2H ago ", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("1w", NOW - timedelta(weeks=1)),
        ("2026-05-01T14:30:00Z", datetime(2026, 5, 1, 14, 30, tzinfo=UTC)),
        ("2026-05-01 14:30:00.25+02:00", datetime(2026, 5, 1, 12, 30, 0, 250_000, tzinfo=UTC)),
        ("2026-05-01", datetime(2026, 5, 1).astimezone()),
        ("2026-05-01 14:30", datetime(2026, 5, 1, 14, 30).astimezone()),
    ],
)
def test_a_moment_is_a_date_a_time_or_how_long_ago(text, meant):
    assert moment(text, NOW) == meant


@pytest.mark.parametrize("text", ["", "soon", "2026", "20260501", "2026-13-01", "5", "h", "-2h", "999999w", "2 years"])
def test_what_is_no_moment_is_refused_with_examples(text):
    with pytest.raises(StoreError, match=r"is no moment.*2026-05-01.*15m"):
        moment(text, NOW)


def test_a_moment_in_the_future_is_refused_and_digits_are_a_snapshot():
    with pytest.raises(StoreError, match="is in the future"):
        moment("2026-06-15T12:00:01Z", NOW)
    with pytest.raises(StoreError, match="is in the future"):
        as_of(NOW + timedelta(days=1), NOW)
    assert (as_of("12"), as_of(12), as_of("2h", NOW)) == (12, 12, NOW - timedelta(hours=2))


@pytest.mark.parametrize("mode", MODES)
def test_a_search_as_of_a_moment_gives_what_it_gave_then(pages: Library, mode):
    asked = (
        {},
        {"types": ["rust"]},
        {"sources": ["kernel"]},
        {"types": ["rust"], "k": 1},
    )
    queries = ("lock", "a thread takes the lock", "map shared")
    then = now(pages.store)
    before = [ask(pages, query, mode, **how) for query in queries for how in asked]
    change_everything(pages)
    assert before != [ask(pages, query, mode, **how) for query in queries for how in asked]
    assert before == [ask(pages, query, mode, as_of=then, **how) for query in queries for how in asked]
    assert before[0] == ask(pages, queries[0], mode, as_of=then.isoformat())


def test_a_search_as_of_a_snapshot_looks_into_that_one_alone_as_if_it_were_live(pages: Library):
    with pages.store.connect() as connection:
        live = dict(connection.execute("SELECT doc_type, published_snapshot_id FROM partition").fetchall())
    before = {mode: ask(pages, "a thread takes the lock", mode, sources=["std"]) for mode in MODES}
    pages.publish("rust/std", {"mutex.md": page("Mutex", "a thread of today takes the lock")})
    assert before == {mode: ask(pages, "a thread takes the lock", mode, as_of=live["rust"]) for mode in MODES}
    assert {p.source for p in before["hybrid"]} == {"std"}


def test_a_rejected_snapshot_can_be_searched_and_is_not_found_otherwise(pages: Library):
    lease = pages.stage("rust/std", {"bad.md": page("Lock", "a quarrelsome lock")})
    with pages.store.connect() as connection, connection.transaction():
        lifecycle.reject(connection, lease)
    assert [p.path for p in ask(pages, "quarrelsome", "text", as_of=lease.snapshot)] == ["bad.md"]
    assert ask(pages, "quarrelsome", "text") == ask(pages, "quarrelsome", "text", as_of="now") == []


def test_the_vector_index_finds_what_was_live_then(library: Library, monkeypatch):
    many = {f"p{i:03d}.md": page(f"P{i}", f"apple{i} pear{i % 7}") for i in range(300)}
    library.publish("rust/std", many)
    then = now(library.store)
    before = ask(library, "apple77 pear0", "vector", k=3)
    library.publish("rust/std", {path: document for path, document in many.items() if path != before[0].path})
    monkeypatch.setattr(vector_index, "MINIMUM_ROWS", 1)
    monkeypatch.setattr(vector_ranking, "_EXACT_PASSAGES", 10)
    with library.store.connect() as connection:
        assert vector_index.ensure_index(connection, ensure_space(connection, library.model.space))
    assert ask(library, "apple77 pear0", "vector", k=3, as_of=then) == before
    assert before[0].path not in {p.path for p in ask(library, "apple77 pear0", "vector", k=100)}


def test_what_was_rolled_back_or_taken_down_is_seen_at_its_time_only(pages: Library):
    with pages.store.connect() as connection:
        first = connection.execute("SELECT id, partition_id FROM snapshot ORDER BY id LIMIT 1").fetchone()
        assert first is not None
        newest = now(pages.store)
        with connection.transaction():
            publication.move(connection, {first[1]: first[0]}, "rollback")
        back = now(pages.store)
        with connection.transaction():
            publication.move(connection, {first[1]: None}, "rollback")
        assert first[1] not in live_at(connection, now(pages.store))
    found = {at: {p.path for p in ask(pages, "thread waits", "text", as_of=at)} for at in (newest, back, None)}
    assert found[newest] == {"mutex.md", "channel.md", "old.md", "map.md"}
    assert found[back] == {f"n{i}.md" for i in range(9)} | {"map.md"}
    assert found[None] == {"map.md"}


def test_each_state_that_cannot_be_looked_into_is_refused_with_the_reason(pages: Library):
    then = now(pages.store)
    with pages.store.connect() as connection:
        (old,) = connection.execute("SELECT min(id) FROM snapshot").fetchone() or (0,)
        connection.execute("DELETE FROM snapshot_document WHERE snapshot_id = %s", (old,))
        connection.execute("DELETE FROM snapshot_file WHERE snapshot_id = %s", (old,))
        connection.execute("UPDATE snapshot SET status = 'collected' WHERE id = %s", (old,))
        row = connection.execute("SELECT at FROM publication ORDER BY id LIMIT 2").fetchall()
    first, second = (at for (at,) in row)
    unfinished = pages.stage("rust/std", {"x.md": page("X", "lock")}).snapshot

    def refusal(at: object) -> str:
        with pytest.raises(StoreError) as raised:
            ask(pages, "lock", "text", as_of=at)
        return str(raised.value)

    assert "snapshot 999 does not exist" in refusal(999)
    assert "removed by doc-assets gc" in refusal(old)
    assert "has not finished" in refusal(unfinished)
    assert "nothing was live on" in refusal(first - timedelta(microseconds=1)) and "first publication" in refusal("1w")
    told = refusal(first)
    assert "rust/std" in told and f"complete since {second.astimezone().isoformat()}" in told
    assert ask(pages, "lock", "text", as_of=second) and ask(pages, "lock", "text", as_of=then)
    with pytest.raises(StoreError, match=r"nothing was live on .* of type bpf: there are ebpf, rust"):
        ask(pages, "lock", "text", as_of=then, types=["bpf"])


def test_a_moment_in_another_embedding_space_is_searched_by_words_or_refused_by_name(pages: Library):
    then = now(pages.store)
    with pages.store.connect() as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM partition").fetchall()]
        with connection.transaction():
            publication.move(connection, dict.fromkeys(ids), "space")
    other = WordModel("others")
    pages.publish("rust/std", {"mutex.md": page("Mutex", "a thread takes the lock")}, model=other)
    with pytest.raises(StoreError, match=r"nothing that was live on .* was embedded with others .* only with words"):
        search(pages.store, other, "lock", as_of=then)
    assert len(search(pages.store, other, "lock", as_of=then, mode="text")) == 3


def test_why_nothing_was_found_then_is_told_of_that_time(pages: Library):
    then = now(pages.store)
    assert re.fullmatch(
        r"no document that was live on .* has crate=tokio", why_empty(pages.store, where={"crate": "tokio"}, as_of=then)
    )


def test_snapshots_tell_when_each_was_live_newest_first(pages: Library):
    rows = listing.snapshots(pages.store, "rust/std")
    assert [row.published for row in rows] == [True, False]
    assert rows[0].id > rows[1].id
    assert rows[1].periods[0].until == rows[0].periods[0].since and rows[0].periods[-1].until is None
    with pages.store.connect() as connection, connection.transaction():
        publication.move(connection, {1: rows[1].id}, "rollback")
        publication.move(connection, {1: rows[1].id}, "rollback")
    again = listing.snapshots(pages.store, "rust/std")
    assert [len(row.periods) for row in again] == [1, 2] and again[0].periods[0].until is not None
    lease = pages.stage("ebpf/kernel", {"bad.md": page("Bad", "bad")})
    with pages.store.connect() as connection, connection.transaction():
        lifecycle.reject(connection, lease)
    assert [row.id for row in listing.snapshots(pages.store, statuses=["rejected"])] == [lease.snapshot]
    assert {row.partition for row in listing.snapshots(pages.store, types=["rust"])} == {"rust/std"}
    assert [row.id for row in listing.snapshots(pages.store, limit=1)] == [lease.snapshot]


def test_a_manifest_is_that_of_the_moment_or_the_snapshot(pages: Library):
    then = now(pages.store)
    (live,) = (row.id for row in listing.snapshots(pages.store, "rust/std") if row.published)
    change_everything(pages)
    old = [row.path for row in listing.manifest(pages.store, "rust/std", then)]
    assert old == [row.path for row in listing.manifest(pages.store, "rust/std", live)]
    assert old == ["channel.md", "mutex.md", "old.md"]
    assert "new.md" in [row.path for row in listing.manifest(pages.store, "rust/std")]
    assert listing.manifest(pages.store, "rust/std", outcome="rejected") == []
    with pytest.raises(StoreError, match=r"is one of rust/std, not of ebpf/kernel"):
        listing.manifest(pages.store, "ebpf/kernel", live)
    with pytest.raises(StoreError, match=r"nothing of ebpf/other was live on"):
        listing.manifest(pages.store, "ebpf/other", then)


def test_show_tells_what_a_snapshot_holds_and_that_a_changed_row_breaks_its_proof(pages: Library):
    change_everything(pages)
    found = describe(pages.store, "rust/std")
    assert found.snapshot.published and found.counts and found.contents and found.proof and found.changes
    assert found.contents.formats == {"markdown": found.counts.documents}
    assert (found.proof.digest, found.proof.seal) == (True, True)
    assert found.contents.vectors > 0 < found.contents.vector_bytes
    assert found.changes.summary["added"] == 13 and found.changes.before.id == found.facts.parent
    assert [event.to_snapshot for event in found.history] == [found.snapshot.id]
    with pages.store.connect() as connection:
        connection.execute("UPDATE snapshot_file SET size = size + 1 WHERE path = 'new.md'")
    broken = describe(pages.store, str(found.snapshot.id)).proof
    assert broken is not None and (broken.digest, broken.seal) == (True, False)
    with pages.store.connect() as connection:
        connection.execute("UPDATE snapshot_file SET fingerprint = sha256('') WHERE path = 'new.md'")
    broken = describe(pages.store, str(found.snapshot.id)).proof
    assert broken is not None and (broken.digest, broken.seal) == (False, False)


def test_the_sql_of_the_documentation_runs_and_gives_what_search_sees(pages: Library):
    then = now(pages.store)
    change_everything(pages)
    examples = re.findall(r"```sql\n(.*?)```", (DOCS / "time-travel.md").read_text(), re.DOTALL)
    assert len(examples) >= 2
    with pages.store.connect() as connection:
        for example in examples:
            asked, moments = re.subn(r"timestamptz '[^']*'", "%s::timestamptz", example)
            assert connection.execute(asked.encode(), (then,) * moments).fetchall(), example
        paths = {row[0] for row in connection.execute(
            "SELECT d.path FROM doc_assets.live_at(%s) l JOIN doc_assets.snapshot_document d USING (snapshot_id)",
            (then,)).fetchall()}  # fmt: skip
    assert paths == {"mutex.md", "channel.md", "old.md", "map.md"}


@pytest.fixture
def run(database_url, monkeypatch) -> Callable[..., str]:
    """Runs ``doc-assets`` on the store of the test; gives what it printed."""
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", database_url)

    def command(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == code, done.exception
        return done.stdout

    return command


def test_the_commands_print_what_the_functions_give(pages: Library, run):
    then = now(pages.store)
    change_everything(pages)
    old, new = (row.id for row in reversed(listing.snapshots(pages.store, "rust/std", limit=2)))
    found = json.loads(run("search", "lock", "--mode", "text", "--as-of", then.isoformat(), "--json"))
    assert [p["path"] for p in found] == [p.path for p in ask(pages, "lock", "text", as_of=then)]
    assert json.loads(run("search", "lock", "--mode", "text", "--as-of", str(old), "-t", "rust", "--json"))
    rows = json.loads(run("snapshots", "rust/std", "--status", "published", "--limit", "2", "--json"))
    assert [(row["id"], row["published"]) for row in rows] == [(new, True), (old, False)]
    assert rows[1]["periods"][0]["until"] == rows[0]["periods"][0]["since"]
    assert {"partition", "digest", "revision", "run_id", "created_at", "documents", "chunks"} <= set(rows[0])
    told = json.loads(run("show", "rust/std", "--json"))
    assert (told["id"], told["parent"], told["proof"]["digest"], told["changes"]["snapshot"]) == (new, old, True, old)
    assert json.loads(run("show", str(old), "--json"))["published"] is False
    listed = json.loads(run("manifest", "rust/std", "--as-of", str(old), "--outcome", "loaded", "--json"))
    assert [row["path"] for row in listed] == ["channel.md", "mutex.md", "old.md"]
    for printed in (run("show", "rust/std"), run("snapshots", "-t", "rust", "-n", "1")):
        assert "rust/std" in printed and "to now" in printed
    with pages.store.connect() as connection:
        connection.execute("UPDATE snapshot_file SET outcome = 'skipped', reason = 'x' WHERE path = 'new.md'")
    assert "BROKEN" in run("show", "rust/std", code=1)
