"""A live snapshot is compared with what its source holds now."""

from __future__ import annotations

from doc_assets.validation.source_comparison import compare_sources
from doc_assets_tests.support.loading import last_event, load


def test_equal_sources_are_told_so(store, source, loader, settings):
    load(loader, store, source)
    (row,) = compare_sources(settings, store)
    assert (row.result, row.files, row.changed, row.vanished, row.new) == ("equal", 4, (), (), ())
    assert last_event(store).result == "passed"


def test_changed_vanished_and_new_files_of_a_source_are_named(store, source, loader, settings):
    source.write("book.toml", '[book]\ntitle = "Book"\nsrc = "src"\n')
    source.write("src/SUMMARY.md", "# Summary\n\n- [Parts](parts.md)\n")
    source.write("src/parts.md", "# Parts\n\n{{#include shared.rs}}\n\nThis stands behind.\n")
    source.write("src/shared.rs", "fn shared() {}\n")
    load(loader, store, source)
    text = (source.root / "guide-01.md").read_bytes()
    (source.root / "guide-01.md").write_bytes(bytes([text[0] ^ 1]) + text[1:])
    (source.root / "guide-02.md").unlink()
    source.write("guide-07.md", "# New\n")
    source.write("src/shared.rs", "fn shared() { }\n")
    (row,) = compare_sources(settings, store)
    assert row.result == "differs"
    assert row.changed == ("guide-01.md", "src/parts.md (what it includes)", "src/shared.rs")
    assert (row.vanished, row.new) == (("guide-02.md",), ("guide-07.md",))
    assert "1 vanished (guide-02.md)" in row.sentence
    event = last_event(store)
    assert (event.result, event.counts["changed"], event.counts["new"]) == ("failed", 3, 1)


def test_a_source_that_cannot_be_had_does_not_stop_the_others(store, source, loader, settings):
    source.catalogue_path.write_text(
        "types:\n  best_practices:\n    sources:\n"
        "      - {name: guides, kind: directory, location: guides}\n"
        "      - {name: tips, kind: directory, location: tips}\n"
    )
    (source.folder / "tips").mkdir()
    (source.folder / "tips" / "a.md").write_text("# A tip\n\nMeasure first.\n")
    for partition in source.catalogue.partitions():
        with loader.stage(loader.survey(partition, source.catalogue), run_id=None) as staged:
            staged.publish([])
    (source.folder / "tips" / "a.md").unlink()
    (source.folder / "tips").rmdir()
    rows = {row.partition: row for row in compare_sources(settings, store)}
    assert rows["best_practices/guides"].result == "equal"
    assert rows["best_practices/tips"].result == "unknown"
    assert "tips" in rows["best_practices/tips"].sentence
    assert last_event(store).counts["unknown"] == 1
