"""The parse workers: what a file may take of time, memory and text, and that a bad one harms no other.

The formats of these tests are real ones, registered under the entry point by a package that exists for the test alone.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from doc_assets.document.records import FileRecord
from doc_assets.embedding.opening import open_tokenizer
from doc_assets.errors import DocAssetsError
from doc_assets.formats import registry
from doc_assets.ingest.parse_pool import ParsePool, ParseTask, parse_file
from doc_assets.settings import Settings
from doc_assets.sources.files import SourceFile

# What each format does to its worker; ``text`` is what it gives where that ends.
_BEHAVIOUR = {
    "hangs": "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n        while True: __import__('time').sleep(1)",
    "dies_natively": "__import__('os').kill(__import__('os').getpid(), signal.SIGSEGV)",
    "exits": "raise SystemExit(1)",
    "fills_memory": "bytearray(10**9)",
    "nests": "f = lambda: f()\n        f()",
    "raises": "1 / 0",
    "expands": "text = 'word ' * 100_000",
    "tells_its_limits": "text = f'data {resource.getrlimit(resource.RLIMIT_DATA)[0]} core "
    '{resource.getrlimit(resource.RLIMIT_CORE)[0]} worker {__import__("os").getpid()}\'',
    "tells_its_environment": "text = 'with ' + ' '.join(__import__('os').environ.values())",
}
_FORMAT = """
class {name}:
    name, version, suffixes, priority = "{name}", 1, frozenset(), 0
    def accepts(self, file): return False
    def parse(self, file):
        text = "sound text of " + file.path
        {behaviour}
        return [Document(file.path, "{name}", (Section((), None, (Block(text),)),))]
"""


@pytest.fixture(scope="module")
def formats_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A package of formats that misbehave, on the import path of this process and of the workers it starts."""
    folder = tmp_path_factory.mktemp("formats")
    behaviour = {"harmless": "pass", **_BEHAVIOUR}
    code = "import resource, signal\nfrom doc_assets.document import Block, Document, Section\n"
    code += "".join(_FORMAT.format(name=name, behaviour=what) for name, what in behaviour.items())
    (folder / "misbehaving.py").write_text(code)
    facts = folder / "misbehaving-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: misbehaving\nVersion: 1.0\n")
    names = "".join(f"{name} = misbehaving:{name}\n" for name in behaviour)
    (facts / "entry_points.txt").write_text(f"[doc_assets.formats]\n{names}")
    sys.path.insert(0, str(folder))
    registry._registry.cache_clear()
    yield folder
    sys.path.remove(str(folder))
    registry._registry.cache_clear()


SETTINGS = Settings.from_environment(
    {
        "DOC_ASSETS_THREADS": "1",
        "DOC_ASSETS_PARSE_TIMEOUT": "2",
        "DOC_ASSETS_PARSE_MEMORY_BYTES": "500000000",
        "DOC_ASSETS_MAX_TEXT_CHARACTERS": "100000",
    }
)


@pytest.fixture(scope="module")
def pool(formats_folder: Path) -> Iterator[ParsePool]:
    opened = ParsePool(SETTINGS)
    yield opened
    opened.close()


def task(folder: Path, name: str, format_name: str) -> ParseTask:
    path = folder / name
    path.write_text(f"content of {name}")
    return ParseTask(SourceFile(name, path, path.stat().st_size), folder, format_name, {})


def outcomes(records: list[FileRecord]) -> dict[str, str]:
    return {record.path: record.outcome for record in records}


def test_whatever_a_parser_does_only_its_own_file_is_rejected_and_the_reason_says_what_to_do(
    pool: ParsePool, tmp_path: Path
) -> None:
    tasks = []
    for name in _BEHAVIOUR:
        tasks += [task(tmp_path, f"{name}.x", name), task(tmp_path, f"beside_{name}.x", "harmless")]
    records = list(pool.parse(tasks))
    found = {record.path: record for record in records}
    assert len(records) == len(found) == len(tasks)
    loaded = {f"beside_{name}.x" for name in _BEHAVIOUR} | {"tells_its_limits.x", "tells_its_environment.x"}
    assert outcomes(records) == {path: "loaded" if path in loaded else "rejected" for path in found}, records
    reasons = {path.removesuffix(".x"): record.reason or "" for path, record in found.items()}
    assert "longer than 2 s" in reasons["hangs"] and "DOC_ASSETS_PARSE_TIMEOUT" in reasons["hangs"]
    assert "SIGSEGV" in reasons["dies_natively"] and "DOC_ASSETS_PARSE_MEMORY_BYTES" in reasons["dies_natively"]
    assert "SystemExit" in reasons["exits"]
    assert "DOC_ASSETS_PARSE_MEMORY_BYTES" in reasons["fills_memory"]
    assert "nested too deep" in reasons["nests"]
    assert "ZeroDivisionError" in reasons["raises"]
    assert (
        "500,000 characters" in reasons["expands"]
        and "100,000; raise DOC_ASSETS_MAX_TEXT_CHARACTERS" in reasons["expands"]
    )


def test_limits_hold_in_the_workers_and_leave_this_process_alone(pool: ParsePool, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    [record] = pool.parse([task(tmp_path, "a.x", "tells_its_limits")])
    assert record.documents[0].chunks[0].text.startswith("data 500000000 core 0 ")
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_workers_are_replaced_after_so_many_files(
    formats_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doc_assets.ingest.parse_pool._FILES_PER_WORKER", 2)
    short_lived = ParsePool(replace(SETTINGS, threads=1, parse_timeout_seconds=30))
    try:
        records = list(short_lived.parse([task(tmp_path, f"{i}.x", "tells_its_limits") for i in range(3)]))
    finally:
        short_lived.close()
    workers = {record.documents[0].chunks[0].text.rpartition(" ")[2] for record in records}
    assert outcomes(records) == {f"{i}.x": "loaded" for i in range(3)}
    assert len(workers) == 2
    assert str(os.getpid()) not in workers


def test_workers_get_no_secret(formats_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOC_ASSETS_EMBEDDING_API_KEY", "Zq9-s3cr3t")
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", "postgresql://u:Zq9-s3cr3t@h/d")
    monkeypatch.setenv("HTTPS_PROXY", "http://u:Zq9-s3cr3t@h:3128")
    monkeypatch.setenv("OTHER", "what is no secret")
    alone = ParsePool(replace(SETTINGS, parse_timeout_seconds=30))
    try:
        [record] = alone.parse([task(tmp_path, "a.x", "tells_its_environment")])
    finally:
        alone.close()
    text = " ".join(chunk.text for chunk in record.documents[0].chunks)
    assert "what is no secret" in text
    assert "s3cr3t" not in text


def test_a_file_that_a_parser_cannot_read_names_itself_in_its_record(formats_folder: Path, tmp_path: Path) -> None:
    tokenizer = open_tokenizer(SETTINGS)
    record = parse_file(task(tmp_path, "bad.x", "raises"), 1_000, tokenizer)
    assert (record.path, record.outcome, record.size) == ("bad.x", "rejected", len("content of bad.x"))
    assert record.fingerprint is not None
    large = parse_file(task(tmp_path, "large.x", "harmless"), 5, tokenizer)
    assert "DOC_ASSETS_MAX_FILE_BYTES" in (large.reason or "")
    long = parse_file(task(tmp_path, "long.x", "harmless"), 1_000, tokenizer, max_characters=10)
    assert "DOC_ASSETS_MAX_TEXT_CHARACTERS" in (long.reason or "")


@pytest.mark.parametrize(("least", "outcome"), [(20, "loaded"), (200, "skipped")])
def test_a_file_with_less_text_than_its_source_wants_is_skipped_with_the_number(
    formats_folder: Path, tmp_path: Path, least: int, outcome: str
) -> None:
    short = replace(task(tmp_path, "announcement.x", "harmless"), min_characters=least)
    record = parse_file(short, 1_000, open_tokenizer(SETTINGS))
    assert record.outcome == outcome
    if outcome == "skipped":
        assert "characters of text: below min_characters of the source, 200" in (record.reason or "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DOC_ASSETS_PARSE_MEMORY_BYTES", "1000"),
        ("DOC_ASSETS_PARSE_TIMEOUT", "inf"),
        ("DOC_ASSETS_PARSE_TIMEOUT", "0"),
        ("DOC_ASSETS_MAX_TEXT_CHARACTERS", "none"),
        ("DOC_ASSETS_MAX_FILE_BYTES", "0.5"),
    ],
)
def test_a_limit_that_cannot_hold_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(DocAssetsError, match=name):
        Settings.from_environment({name: value})
