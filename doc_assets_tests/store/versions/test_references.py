"""What readers saw at an earlier moment, in a real PostgreSQL."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from doc_assets.errors import ConfigurationError, Misuse, NotFound
from doc_assets.search.search import SearchResult, explain_empty, search
from doc_assets.store.search import meaning
from doc_assets.store.snapshots import lifecycle, publication
from doc_assets.store.spaces import vector_index
from doc_assets.store.spaces.spaces import ensure_space
from doc_assets.store.versions.references import live_at, parse_id_or_moment, parse_moment
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.library import Library, WordModel, change_everything, now, page

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
MODES = ("text", "vector", "hybrid")
DOCS = ROOT / "docs"


def ask(library: Library, query: str, mode: str, **how: object) -> list[SearchResult]:
    return search(library.store, library.model, query, mode=mode, **how)  # pyrefly: ignore[bad-argument-type]


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
    assert parse_moment(text, NOW) == meant


@pytest.mark.parametrize("text", ["", "soon", "2026", "20260501", "2026-13-01", "5", "h", "-2h", "999999w", "2 years"])
def test_what_is_no_moment_is_refused_with_examples(text):
    with pytest.raises(Misuse, match=r"is no moment.*2026-05-01.*15m"):
        parse_moment(text, NOW)


def test_a_moment_in_the_future_is_refused_and_digits_are_a_snapshot():
    with pytest.raises(Misuse, match="is in the future"):
        parse_moment("2026-06-15T12:00:01Z", NOW)
    with pytest.raises(Misuse, match="is in the future"):
        parse_id_or_moment(NOW + timedelta(days=1), NOW)
    assert (parse_id_or_moment("12"), parse_id_or_moment(12), parse_id_or_moment("2h", NOW)) == (
        12,
        12,
        NOW - timedelta(hours=2),
    )


def test_a_search_as_of_a_moment_gives_what_it_gave_then(pages: Library):
    asked = (
        {},
        {"types": ["rust"]},
        {"sources": ["kernel"]},
        {"types": ["rust"], "k": 1},
    )
    queries = ("lock", "a thread takes the lock", "map shared")

    def found(mode: str, **when: object) -> list[list[SearchResult]]:
        return [ask(pages, query, mode, **how, **when) for query in queries for how in asked]

    then = now(pages.store)
    before = {mode: found(mode) for mode in MODES}
    change_everything(pages)
    for mode in MODES:
        assert before[mode] != found(mode)
        assert before[mode] == found(mode, as_of=then)
        assert before[mode][0] == ask(pages, queries[0], mode, as_of=then.isoformat())


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
    monkeypatch.setattr(meaning, "_EXACT_CHUNKS", 10)
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
        with pytest.raises(NotFound) as raised:
            ask(pages, "lock", "text", as_of=at)
        return str(raised.value)

    assert "snapshot 999 does not exist" in refusal(999)
    assert "removed by garbage collection" in refusal(old)
    assert "has not finished" in refusal(unfinished)
    assert "nothing was live on" in refusal(first - timedelta(microseconds=1)) and "first publication" in refusal("1w")
    told = refusal(first)
    assert "rust/std" in told and f"complete since {second.astimezone().isoformat()}" in told
    assert ask(pages, "lock", "text", as_of=second) and ask(pages, "lock", "text", as_of=then)
    with pytest.raises(NotFound, match=r"nothing was live on .* of type bpf .*: there are ebpf, rust"):
        ask(pages, "lock", "text", as_of=then, types=["bpf"])


def test_a_moment_in_another_embedding_space_is_searched_by_words_or_refused_by_name(pages: Library):
    then = now(pages.store)
    with pages.store.connect() as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM partition").fetchall()]
        with connection.transaction():
            publication.move(connection, dict.fromkeys(ids), "space")
    other = WordModel("others")
    pages.publish("rust/std", {"mutex.md": page("Mutex", "a thread takes the lock")}, model=other)
    refusal = r"nothing that was live on .* was embedded with others .* only with words"
    with pytest.raises(ConfigurationError, match=refusal):
        search(pages.store, other, "lock", as_of=then)
    assert len(search(pages.store, other, "lock", as_of=then, mode="text")) == 3


def test_why_nothing_was_found_then_is_told_of_that_time(pages: Library):
    then = now(pages.store)
    assert re.fullmatch(
        r"no document that was live on .* has crate=tokio",
        explain_empty(pages.store, where={"crate": "tokio"}, as_of=then),
    )


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
