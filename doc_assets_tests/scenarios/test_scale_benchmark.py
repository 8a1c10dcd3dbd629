"""What ``benchmarks/scale.py`` and ``benchmarks/pods.py`` measure with: versions, the stand-in, statements of a log."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from benchmarks import scale, statements
from benchmarks.corpus_versions import Versions, edited, sliced
from benchmarks.stand_in import StandInEmbedder
from benchmarks.usage import Used
from doc_assets.document.similarity import ALIKE, Signature, similarity
from doc_assets.embedding.prompts import Role

SYLLABLES = ("ker", "pac", "buf", "soc", "thre", "sig", "mem", "cur")
WORDS = ["".join(parts) for parts in itertools.product(SYLLABLES, repeat=3)]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for source, pages in (("ebpf/notes", 3), ("rust/book", 1), ("rust/large", 40)):
        folder = tmp_path / "corpus" / source
        folder.mkdir(parents=True)
        for page in range(pages):
            words = random.Random(f"{source} {page}")  # noqa: S311 - the same each time
            lines = [" ".join(words.choices(WORDS, k=40)) + "." for line in range(30)]
            (folder / f"{page}.md").write_text(f"# Page {page}\n\n" + "\n\n".join(lines) + "\n")
    return tmp_path / "corpus"


def test_a_slice_is_whole_sources_and_the_same_each_time(corpus: Path) -> None:
    found = sliced(corpus, 0.1, seed=1)
    assert [source.name for source in found] == ["notes", "book"]
    assert found == sliced(corpus, 0.1, seed=1)
    with pytest.raises(SystemExit, match="no source is as small"):
        sliced(corpus, 0.001, seed=1)


def test_versions_are_the_same_bytes_each_time_and_resemble_the_one_before(corpus: Path, tmp_path: Path) -> None:
    pages = []
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        catalogue = Versions(sliced(corpus, 0.1, seed=1), tmp_path / run, seed=1).catalogue(3)
        listed = yaml.safe_load(catalogue.read_text())["types"]["ebpf"]["sources"]
        assert [source["name"] for source in listed] == ["notes-v1", "notes-v2", "notes-v3"]
        pages.append([(Path(source["location"]) / "0.md").read_text() for source in listed])
    assert pages[0] == pages[1]
    assert len(set(pages[0])) == 3
    signatures = [Signature.of(page) for page in pages[0]]
    for one, other in itertools.pairwise(signatures):
        assert one is not None and other is not None
        assert ALIKE < similarity(one.minhash, other.minhash) < 1


def test_only_words_in_running_text_are_edited() -> None:
    text = (
        '<a class="kernel memory" href="x">short kernel</a>\n'
        '{"code": "kernel memory", "words": "the kernel has memory and a socket for each thread of it"}\n# kernel\n'
    )
    found = edited(text, {"kernel": "signal", "memory": "cursor"}, "name", 1.0)
    assert found.splitlines()[0] == text.splitlines()[0]
    assert found.splitlines()[2] == "# kernel"
    assert found != text
    assert edited(text, {"kernel": "signal"}, "name", 0.0) == text


LOG = """2026-11-30 01:39:22 UTC [2600] LOG:  parameter "log_statement_stats" changed to "on"
2026-11-30 01:39:22 UTC [1] LOG:  EXECUTE MESSAGE STATISTICS
2026-11-30 01:39:22 UTC [1] DETAIL:  ! system usage stats:
\t!\t0.500000 s user, 0.250000 s system, 0.9 s elapsed
\t!\t[0.006458 s user, 0.000000 s system total]
2026-11-30 01:39:22 UTC [1] STATEMENT:  SELECT count(*)
\t FROM twin WHERE a = 'it''s' AND b IN (1, 2, 3)
2026-11-30 01:39:22 UTC [1] LOG:  QUERY STATISTICS
2026-11-30 01:39:22 UTC [1] DETAIL:  ! system usage stats:
\t!\t1.000000 s user, 0.000000 s system, 1.9 s elapsed
2026-11-30 01:39:22 UTC [1] STATEMENT:  SELECT count(*) FROM twin WHERE a = 'other' AND b IN (7, 8)
"""


def test_cpu_of_a_log_is_added_up_by_statement_whatever_its_values() -> None:
    found = statements.by_statement(LOG)
    assert found == {"SELECT count(*) FROM twin WHERE a = ? AND b IN (?)": 1.75}
    assert statements.by_stage(found) == {"seal": 1.75}


def size(factor: int, documents: int, seconds: float) -> scale.Size:
    server = Counter(backend=seconds)  # pyrefly: ignore[bad-argument-type] - typed for whole numbers
    load = Used({"totals": {"documents": documents}}, client_cpu=seconds, server_cpu=server)
    rows = dict.fromkeys(("chunk", "partition", "near_duplicate", "bytes"), 1)
    times = {mode: [1.0, 2.0] for mode in scale.MODES}
    return scale.Size(factor, load, load, load, rows=rows, search_ms=times, milliseconds={"exporter": 1.0})


def test_what_grows_faster_than_the_documents_is_marked() -> None:
    def marked(rows: list[list[str]]) -> set[str]:
        return {row[0].partition(",")[0] for row in rows if "!" in row[-1]}

    assert marked(scale.table([size(1, 10, 2.0), size(10, 100, 21.0)], Used(client_cpu=1.0))) == {
        "· other processes of the loader",
        "first load",
    }
    assert marked(scale.table([size(1, 10, 2.0), size(10, 100, 20.0)], Used())) == set()


def test_statements_are_listed_by_what_they_cost_at_the_largest_size(tmp_path: Path) -> None:
    sizes = [size(1, 10, 2.0), size(10, 100, 20.0)]
    for one, seconds in zip(sizes, (0.1, 5.0), strict=True):
        one.statements.update({"SELECT few": 0.01, "SELECT many": seconds})
    assert scale.growing(sizes)[1] == ["`SELECT many`", "10.000", "50.000", "5.00"]
    scale.write_report(tmp_path / "report", sizes, Used())
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"scale.md", "scale.svg", "scale.json"}


def test_passages_with_the_same_words_have_near_vectors_that_no_model_gives() -> None:
    space = SimpleNamespace(dimensions=64)
    embedder = StandInEmbedder(space, None, 0.0)  # pyrefly: ignore[bad-argument-type] - all that it reads of them
    one, like, other = embedder.embed(["kernel packet buffer a", "kernel packet buffer b", "else"], Role.DOCUMENT)
    assert one @ like > 0.5 > one @ other
    assert one @ one == pytest.approx(1.0)
    assert one[-1] == like[-1] == other[-1] == 0
