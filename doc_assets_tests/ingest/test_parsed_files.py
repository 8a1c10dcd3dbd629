"""What a plan parsed is found again for what it was made from, and proves itself."""

from __future__ import annotations

import dataclasses
import os
import time

from doc_assets.document.records import FileRecord
from doc_assets.ingest.load_run import parse_tasks
from doc_assets.ingest.loader import Loader
from doc_assets.ingest.parsed_files import ParsedFiles, remove_untaken


def test_what_is_kept_is_only_found_for_the_same_bytes_recipe_and_includes(source, loader: Loader, tmp_path):
    source.write_guides(1)
    records: list[FileRecord] = []
    survey = loader.survey(source.partition, source.catalogue)
    records.extend(loader.parse_pool.parse(parse_tasks(source.partition, survey.discovery, ["guide-00.md"])))
    including = dataclasses.replace(records[0], path="b.md", includes=("x",), includes_sha256=b"1" * 32)
    with ParsedFiles(tmp_path, "rust/a", "recipe").collecting() as keep:
        keep(records[0])
        keep(including)
        keep(dataclasses.replace(records[0], path="c.md", outcome="rejected", documents=()))
    fingerprint = records[0].fingerprint
    assert fingerprint is not None
    with ParsedFiles(tmp_path, "rust/a", "recipe") as parsed:
        assert parsed.take("guide-00.md", fingerprint, lambda paths: records[0].includes_sha256 or b"") == records[0]
        assert parsed.take("guide-00.md", b"0" * 32) is None
        assert parsed.take("c.md", fingerprint) is None
        assert parsed.take("b.md", fingerprint, lambda paths: b"1" * 32) == including
        assert parsed.take("b.md", fingerprint, lambda paths: b"2" * 32) is None
    for other in (ParsedFiles(tmp_path, "rust/b", "recipe"), ParsedFiles(tmp_path, "rust/a", "another")):
        with other as parsed:
            assert parsed.take("guide-00.md", fingerprint) is None
    archive = tmp_path / "planned" / "rust+a.zip"
    written = archive.read_bytes()
    for place in range(0, len(written), 7):  # damaged anywhere, it costs time and nothing else
        archive.write_bytes(written[:place] + bytes([written[place] ^ 0x84]) + written[place + 1 :])
        with ParsedFiles(tmp_path, "rust/a", "recipe") as parsed:
            assert parsed.take("guide-00.md", fingerprint, lambda paths: b"") in (None, records[0])
    archive.write_bytes(written[:-40])
    with ParsedFiles(tmp_path, "rust/a", "recipe") as parsed:
        assert not parsed and parsed.take("guide-00.md", fingerprint) is None


def test_an_archive_that_no_load_took_for_a_week_is_removed_and_a_younger_one_stays(tmp_path):
    folder = tmp_path / "planned"
    folder.mkdir()
    for name, days in (("rust+a.zip", 8), ("rust+b.12.part", 8), ("rust+c.zip", 6)):
        (folder / name).touch()
        then = time.time() - days * 86_400
        os.utime(folder / name, (then, then))
    remove_untaken(tmp_path)
    assert [path.name for path in folder.iterdir()] == ["rust+c.zip"]
