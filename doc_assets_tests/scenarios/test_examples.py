"""The documents in examples/ cover every type, format and outcome, and load without a rejection."""

from collections import Counter

from doc_assets import formats
from doc_assets.catalogue import load_catalogue
from doc_assets.search.baseline import falls, read_baseline
from doc_assets.search.evaluation import evaluate
from doc_assets.search.search import search
from doc_assets.validation.audit import audit
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.loading import loader_for, settings_for

CATALOGUE = load_catalogue(ROOT / "examples" / "sources.yaml")


def test_the_examples_load_pass_their_checks_and_are_found_as_well_as_before(tmp_path, store):
    loader, _ = loader_for(settings_for(tmp_path, store), store)
    outcomes: Counter[str] = Counter()
    for partition in CATALOGUE.partitions():
        with loader.stage(loader.survey(partition, CATALOGUE), run_id=None) as staged:
            checks = audit(store, staged.snapshot)
            result = staged.publish(checks)
        assert all(check.passed for check in checks), partition.name
        outcomes.update({name: getattr(result, name) for name in ("loaded", "duplicate", "skipped", "rejected")})
    assert outcomes["rejected"] == 0
    assert outcomes["loaded"] >= 30 and outcomes["duplicate"] >= 1 and outcomes["skipped"] >= 2
    with store.connect() as connection:
        read_by = {row[0] for row in connection.execute("SELECT DISTINCT format FROM document").fetchall()}
        embedded = connection.execute("SELECT count(*) FROM embedding_1").fetchone()
        chunks = connection.execute("SELECT count(*) FROM chunk").fetchone()
    assert read_by == set(formats.format_names()) - {"pdf"}  # which needs the extra of its name
    assert embedded == chunks
    # By words alone: the vectors of this load are made up.
    figures = evaluate(
        ROOT / "benchmarks" / "example_questions.jsonl",
        lambda query, mode: search(store, loader.embedder, query, mode=mode),
        ["text"],
    )
    assert falls(figures, read_baseline(ROOT / "benchmarks" / "baseline.json")) == []


def test_the_examples_cover_the_six_types():
    assert set(CATALOGUE.types) == {"rust", "jupyter", "kubernetes", "defi", "ebpf", "best_practices"}
