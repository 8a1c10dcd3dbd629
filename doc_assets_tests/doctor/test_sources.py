"""The catalogue, and what its sources need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from doc_assets.doctor import sources
from doc_assets_tests.support.servers import Server, running

CATALOGUE = """
types:
  rust:
    sources:
      - {name: book, kind: directory, location: book}
      - {name: guide, kind: archive, location: guide.tar.gz, credentials: guide-server}
"""


def test_what_is_missing_is_a_fault_that_names_the_source(around, tmp_path: Path):
    (found,) = sources.catalogue(around())
    assert (found.verdict, "none at" in found.sentence) == ("warning", True)
    (tmp_path / "sources.yaml").write_text(CATALOGUE)
    faults = [one.sentence for one in sources.catalogue(around()) if one.verdict == "fault"]
    assert [sentence.split(":")[0] for sentence in faults] == ["rust/book", "rust/guide"]
    wanting, _ = sources.sources(around(credentials=tmp_path / "none"))
    assert (wanting.verdict, "credential 'guide-server' is needed" in wanting.sentence) == ("fault", True)


def test_sources_are_asked_online_alone(around, tmp_path: Path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book/a.md").write_text("# A\n")
    (tmp_path / "sources.yaml").write_text(CATALOGUE.replace(", credentials: guide-server", ""))
    (found,) = sources.sources(around())
    assert "--online" in found.sentence
    silent, answered = sources.sources(replace(around(), online=True))
    assert (silent.verdict, silent.sentence.split(" ")[0]) == ("warning", "rust/guide")
    assert answered.sentence == "1 of 2 said their revision"


def test_an_index_of_pages_answers_by_being_read(around, tmp_path: Path):
    server = Server()
    server.respond = lambda path, _: (200, {}, b"- [a](/a.md)\n")
    with running(server):
        location = f"{server.address}/llms.txt"
        text = f'types:\n  rust:\n    sources:\n      - {{name: site, kind: llms_txt, location: "{location}"}}\n'
        (tmp_path / "sources.yaml").write_text(text)
        (answered,) = sources.sources(replace(around(), online=True))
    assert (answered.verdict, answered.sentence) == ("ok", "1 of 1 said their revision")
