"""Bad files through the real path: listed, read, parsed and chunked, with outcome, text and time as they have to be.

Small ones are made by ``hostile_cases``. Where ``DOC_ASSETS_NASTY`` names a folder with a larger collection of the kind
(``tree/<type>/<source>/…``, ``archives/`` and ``EXPECT.csv``), each of its rows is tried as well.
"""

from __future__ import annotations

import csv
import functools
import os
import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from doc_assets.catalogue import ArchiveSource, DirectorySource, Partition
from doc_assets.document.records import FileRecord
from doc_assets.embedding.opening import open_tokenizer
from doc_assets.embedding.tokenizer import WindowTokenizer
from doc_assets.errors import SourceError
from doc_assets.ingest.parse_pool import ParsePool, ParseTask, parse_file
from doc_assets.settings import Settings
from doc_assets.sources.fetch import fetch
from doc_assets.sources.files import SourceFile
from doc_assets.sources.walk import walk
from doc_assets_tests.support.hostile_cases import GROUPS, Case

MAX_BYTES = 3_000_000
# Of the processor, for one case; the slowest take a few hundredths.
MAX_SECONDS = 1.5

OUTSIDE = "text from outside of the source"

SETTINGS = Settings.from_environment({"DOC_ASSETS_THREADS": "1", "DOC_ASSETS_MAX_FILE_BYTES": str(MAX_BYTES)})
CASES = [(group, case) for group, cases in GROUPS.items() for case in cases]
NASTY = os.environ.get("DOC_ASSETS_NASTY")


@dataclass(frozen=True)
class Tree:
    """The cases on disk, each group in a folder of one source, as the walk finds them."""

    root: Path
    files: dict[str, SourceFile]

    def task(self, path: str) -> ParseTask:
        return ParseTask(self.files[path], self.root, "auto", {})


@functools.cache
def tokenizer() -> WindowTokenizer:
    return open_tokenizer(SETTINGS)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    root = tmp_path_factory.mktemp("hostile") / "tree"
    root.mkdir()
    (root.parent / "outside.md").write_text(OUTSIDE)
    for group, case in CASES:
        place = root / group / case.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(case.data)
    return Tree(root, listed(root))


def listed(root: Path) -> dict[str, SourceFile]:
    source = DirectorySource(name="hostile", kind="directory", location=str(root))
    return {file.path: file for file in walk(root, Partition("rust", "hostile", source))}


def text_of(record: FileRecord) -> str:
    chunks = [chunk for document in record.documents for chunk in document.chunks]
    return "\n".join(f"{chunk.breadcrumb}\n{chunk.text}" for chunk in chunks)


def check_text(text: str) -> None:
    """What no passage may hold, whatever the file."""
    text.encode()
    assert "\0" not in text
    assert OUTSIDE not in text
    assert "iVBORw0KGgo" not in text and not re.search(r"(?:QUJDREVG){40}", text)


def readable(path: str) -> str:
    """The path as the walk writes it: bytes that are no UTF-8 as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@pytest.mark.parametrize(("group", "case"), CASES, ids=[f"{group}/{case.path[:40]!r}" for group, case in CASES])
def test_a_bad_file_has_a_sound_outcome_in_little_time(tree: Tree, group: str, case: Case) -> None:
    task = tree.task(readable(f"{group}/{case.path}"))
    began = time.process_time()
    record = parse_file(task, MAX_BYTES, tokenizer())
    spent = time.process_time() - began
    text = text_of(record)
    assert record.outcome in case.outcomes, record.reason
    assert bool(record.reason) == (record.outcome != "loaded")
    assert not re.match("the parser (failed|gave up|ran out)", record.reason or ""), "an error that nobody foresaw"
    check_text(text)
    if record.outcome == "loaded":
        assert text.strip()
        for words in case.holds:
            assert words in text
        for words in case.lacks:
            assert words not in text
    assert spent < MAX_SECONDS


def test_the_small_ones_together_load_as_each_does_alone(tree: Tree) -> None:
    paths = [path for path, file in tree.files.items() if file.size < 2_000]
    assert len(paths) > 100
    alone = {path: parse_file(tree.task(path), MAX_BYTES, tokenizer()) for path in paths}
    pool = ParsePool(SETTINGS)
    try:
        together = {record.path: record for record in pool.parse(map(tree.task, paths))}
    finally:
        pool.close()
    assert together == alone


def test_every_file_is_listed_once_and_no_other(tree: Tree) -> None:
    assert set(tree.files) == {readable(f"{group}/{case.path}") for group, case in CASES}


def test_what_is_no_file_of_the_source_is_rejected_or_skipped_and_the_rest_loads(tmp_path: Path) -> None:
    secret = tmp_path / "outside.md"
    secret.write_text(OUTSIDE)
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (root / "real" / "sound.md").write_text("sound words")
    (root / "unclosed.rst").write_text("Title\n=====\n\nwords\n\n.. include:: escape.md\n.. include:: null.md\n")
    links = {
        "escape.md": str(secret),
        "relative.md": "../outside.md",
        "absent.md": "nothing.md",
        "loop_a.md": "loop_b.md",
        "loop_b.md": "loop_a.md",
        "null.md": "/dev/null",
        "folder_out": "..",
        "folder_loop": ".",
        "inside.md": "real/sound.md",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    os.mkfifo(root / "pipe.md")
    with socket.socket(socket.AF_UNIX) as server, pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        server.bind("socket.md")
    with (root / "sparse.md").open("wb") as file:
        file.write(b"# Heading\n")
        file.truncate(MAX_BYTES + 1)
    (root / "setuid.md").write_text("setuid words")
    (root / "setuid.md").chmod(0o6755)
    files = listed(root)
    records = {
        path: parse_file(ParseTask(file, root, "auto", {}), MAX_BYTES, tokenizer()) for path, file in files.items()
    }
    loaded = {"real/sound.md", "inside.md", "setuid.md", "unclosed.rst"}
    assert {path for path, record in records.items() if record.outcome == "loaded"} == loaded
    assert {path for path, record in records.items() if record.outcome == "skipped"} == {"folder_out", "folder_loop"}
    assert len(records) == len(links) + 6
    assert all(record.reason for path, record in records.items() if path not in loaded)
    for record in records.values():
        check_text(text_of(record))


def test_a_file_that_changes_after_the_walk_is_read_as_it_is_then(tmp_path: Path) -> None:
    for name in ("vanishes.md", "grows.md", "link.md", "pipe.md", "folder.md", "closed.md"):
        (tmp_path / name).write_text("words before")
    files = listed(tmp_path)
    for name in ("vanishes.md", "link.md", "pipe.md", "folder.md"):
        (tmp_path / name).unlink()
    (tmp_path / "link.md").symlink_to(tmp_path.parent)
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "grows.md").write_bytes(b"words " * 600_000)
    (tmp_path / "closed.md").chmod(0)
    outcomes = {
        path: parse_file(ParseTask(file, tmp_path, "auto", {}), MAX_BYTES, tokenizer()).outcome
        for path, file in files.items()
    }
    closed = "loaded" if os.geteuid() == 0 else "rejected"
    assert outcomes == {**dict.fromkeys(files, "rejected"), "closed.md": closed}


# The larger collection

nasty = pytest.mark.skipif(not NASTY, reason="DOC_ASSETS_NASTY does not name the folder of the larger collection")
_ROOT_ONLY = "root reads what is closed to others"


def nasty_rows() -> list[dict[str, str]]:
    if not NASTY:
        return []
    with (Path(NASTY) / "EXPECT.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@functools.cache
def nasty_records() -> dict[str, FileRecord]:
    """Every file of the collection's tree by its path in it, loaded through worker processes."""
    tree = Path(NASTY or "") / "tree"
    records: dict[str, FileRecord] = {}
    pool = ParsePool(Settings.from_environment({"DOC_ASSETS_THREADS": "2"}))
    try:
        for root in sorted(tree.glob("*/*")):
            prefix = root.relative_to(tree.parent).as_posix()
            todo = [ParseTask(file, root, "auto", {}) for file in listed(root).values()]
            records |= {f"{prefix}/{record.path}": record for record in pool.parse(todo)}
    finally:
        pool.close()
    return records


def nasty_archive_outcome(path: Path, cache: Path) -> str:
    source = ArchiveSource(name="nasty", kind="archive", location=str(path))
    try:
        fetched = fetch(source, base=path.parent, cache=cache)
    except SourceError:
        return "reject"
    files = list(walk(fetched.root, Partition("rust", "nasty", source), fetched.left_out))
    # What would have landed outside is refused, the rest of the archive is sound.
    return "reject" if any(file.outcome == "rejected" for file in files) else "load"


@nasty
@pytest.mark.parametrize("row", nasty_rows(), ids=lambda row: row["path_escaped"])
def test_each_case_of_the_larger_collection_has_its_expected_outcome(row: dict[str, str], tmp_path: Path) -> None:
    path = row["path_escaped"]
    if path.startswith("archives/"):
        outcome = nasty_archive_outcome(Path(NASTY or "") / path, tmp_path)
    else:
        outcome = nasty_outcome(path)
    assert outcome in row["outcome"].split("_or_")
    assert not list(Path("/tmp").glob("NASTY_*"))  # noqa: S108 - what the collection's traps would make


def nasty_outcome(path: str) -> str:
    place = path.rstrip("/")
    if place.endswith("closed_dir") and os.geteuid() == 0:
        pytest.skip(_ROOT_ONLY)
    records = {readable_escapes(found): record for found, record in nasty_records().items()}
    record = records.get(place)
    if record is None:  # a folder: what is in it
        [record] = [record for found, record in records.items() if found.startswith(f"{place}/")]
    check_text(text_of(record))
    return {"loaded": "load", "skipped": "skip", "rejected": "reject"}[record.outcome]


def readable_escapes(path: str) -> str:
    return path.replace("\t", "\\t").replace("\n", "\\n")
